// The story of docs/http.md, as far as types tell it: bodies that a caller writes, and what they read of the responses.
import type { operations } from "./schema";

type Body<Name extends keyof operations> = operations[Name] extends {
  requestBody?: { content: { "application/json": infer Json } };
}
  ? Json
  : never;
type Answer<Name extends keyof operations> = operations[Name] extends {
  responses: { 200: { content: { "application/json": { response: infer Json } } } };
}
  ? Json
  : never;

export const group: Body<"create_dag_runs"> = {
  dag_id: "example_daily",
  prefix: "redo",
  start_date: "2025-02-01",
  end_date: "2025-02-03",
  limit: 2,
  partial: true,
  order: "desc",
  conf: { tables: ["orders"], force: true },
};

// @ts-expect-error: an order is asc or desc
export const disorder: Body<"create_dag_runs">["order"] = "random";

// @ts-expect-error: whether it is partial is true or false, and no text
export const text: Body<"create_dag_runs">["partial"] = "True";

export function created(answer: Answer<"create_dag_runs">): string[] {
  const next: string | null = answer.next_start_date;
  const plan: string[] = "plan" in answer ? answer.plan.map(({ action }) => action) : [];
  const ids: string[] = "dag_run_ids" in answer ? answer.dag_run_ids : answer.stretches.map(({ first }) => first);
  return [...ids, ...answer.warnings, ...plan, next ?? ""];
}

export function progress({ group }: Answer<"get_group">): number {
  return group.done * (group.states.queued + group.states.running + group.states.success + group.states.failed);
}

export const cancelling: Body<"cancel_group"> = { running: true };

export function goOn(answer: Answer<"cancel_group"> | Answer<"list_dag_runs">): number | null {
  return answer.next_start;
}
