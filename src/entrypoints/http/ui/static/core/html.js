// Templates, html`…`, and the hooks of components.

import {h} from "../vendor/preact.js";
import htm from "../vendor/htm.js";

export * from "../vendor/hooks.js";
export const html = htm.bind(h);
