// The style sheet of the shadow root.

const text = await (await fetch(new URL("element.css", import.meta.url))).text();

export const sheets = [await new CSSStyleSheet().replace(text)];
