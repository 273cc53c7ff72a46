// The style sheets of the shadow root.

const load = async (name) => new CSSStyleSheet().replace(await (await fetch(new URL(name, import.meta.url))).text());

export const sheets = await Promise.all(["base.css", "parts.css", "views.css"].map(load));
