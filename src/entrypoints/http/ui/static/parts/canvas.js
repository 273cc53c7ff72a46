// The cells of a strip on a canvas as high as what is seen of it, so that 100,000 cells cost no more than a screenful.

import {Component} from "../vendor/preact.js";
import {html} from "../core/html.js";
import {SIGNS} from "../core/words.js";

const KINDS = ["success", "failed", "cancelled", "running", "queued", "create", "rerun", "exists", "missing", "left_out", "not_yet", "no_tasks", "before_start", "after_end"];

export class Canvas extends Component {
  componentDidMount() {
    this.field = this.base.parentNode;
    this.field.addEventListener("scroll", this.draw, {passive: true});
    this.draw();
  }

  componentWillUnmount() {
    this.field.removeEventListener("scroll", this.draw);
  }

  componentDidUpdate() {
    this.draw();
  }

  get pitch() {
    return this.props.cell + this.props.gap;
  }

  get height() {
    return this.props.layout.rows.length * this.pitch;
  }

  get rtl() {
    return getComputedStyle(this.field).direction === "rtl";
  }

  left(column) {
    const start = this.props.label + column * this.pitch;
    return this.rtl ? this.field.clientWidth - start - this.props.cell : start;
  }

  rowOf(number) {
    return this.props.layout.rows.findLastIndex(({first}) => first <= number);
  }

  rectOf(number) {
    const row = this.rowOf(number), {first, columns} = this.props.layout.rows[row];
    const {left, top} = this.field.getBoundingClientRect();
    const x = left + this.left(columns[number - first]), y = top + row * this.pitch - this.field.scrollTop;
    return {left: x, top: y, right: x + this.props.cell, bottom: y + this.props.cell};
  }

  numberAt({clientX, clientY}) {
    const {left, top, right} = this.field.getBoundingClientRect();
    const x = (this.rtl ? right - clientX : clientX - left) - this.props.label;
    const row = this.props.layout.rows[Math.floor((clientY - top + this.field.scrollTop) / this.pitch)];
    const found = row?.columns.indexOf(Math.floor(x / this.pitch)) ?? -1;
    return found < 0 ? null : row.first + found;
  }

  scrollTo(number) {
    const top = this.rowOf(number) * this.pitch, {scrollTop, clientHeight} = this.field;
    if (top < scrollTop) this.field.scrollTop = top;
    if (top + this.pitch > scrollTop + clientHeight) this.field.scrollTop = top + this.pitch - clientHeight;
  }

  /** The colours of the style sheet, as the probes wear them. */
  colours() {
    return Object.fromEntries([...this.base.querySelectorAll("i")].map((probe) => {
      const {backgroundColor, borderTopColor, borderTopStyle, borderTopWidth, color, opacity} = getComputedStyle(probe);
      return [probe.classList[1], {fill: backgroundColor, border: borderTopWidth === "0px" ? null : borderTopColor, dashed: borderTopStyle === "dashed", color, opacity: Number(opacity)}];
    }));
  }

  draw = () => {
    const {layout, cell, at, only, selected, label} = this.props;
    const canvas = this.base.querySelector("canvas"), scale = devicePixelRatio;
    const width = this.field.clientWidth, height = Math.min(this.field.clientHeight, this.height);
    canvas.width = width * scale;
    canvas.height = height * scale;
    canvas.style.height = `${height}px`;
    const pen = canvas.getContext("2d");
    pen.scale(scale, scale);
    const colours = this.colours(), {color, fontFamily} = getComputedStyle(this.base);
    const {scrollTop} = this.field, {rtl} = this;
    pen.textBaseline = "middle";
    const first = Math.floor(scrollTop / this.pitch), last = Math.min(layout.rows.length, Math.ceil((scrollTop + height) / this.pitch));
    for (const [n, row] of layout.rows.slice(first, last).entries()) {
      const y = (first + n) * this.pitch - scrollTop;
      pen.globalAlpha = 1;
      pen.fillStyle = color;
      pen.font = `11px ${fontFamily}`;
      pen.textAlign = "start";
      if (cell >= 9 || (first + n) % 2 === 0) pen.fillText(row.label, rtl ? width : 0, y + cell / 2, label - 8);
      pen.font = `700 ${cell - 4}px ${fontFamily}`;
      pen.textAlign = "center";
      for (const [m, column] of row.columns.entries()) {
        const item = layout.items[row.first + m], look = colours[item.kind.split(" ")[0]] ?? colours.queued, x = this.left(column);
        pen.globalAlpha = look.opacity * (only !== null && item.kind !== only ? 0.2 : 1);
        this.cell(pen, x, y, look, SIGNS[item.kind]);
        pen.globalAlpha = 1;
        if (selected.has(item.key) || row.first + m === at) this.outline(pen, x, y, color, row.first + m === at && !selected.has(item.key));
      }
    }
  };

  cell(pen, x, y, look, sign) {
    const {cell} = this.props;
    pen.beginPath();
    pen.roundRect(x, y, cell, cell, 3);
    pen.fillStyle = look.fill;
    pen.fill();
    if (look.border) {
      pen.strokeStyle = look.border;
      pen.setLineDash(look.dashed ? [2, 2] : []);
      pen.stroke();
      pen.setLineDash([]);
    }
    if (sign && cell >= 10) {
      pen.fillStyle = look.color;
      pen.fillText(sign, x + cell / 2, y + cell / 2 + 0.5);
    }
  }

  outline(pen, x, y, color, thin) {
    const {cell} = this.props;
    pen.lineWidth = thin ? 1 : 2;
    pen.strokeStyle = color;
    pen.beginPath();
    pen.roundRect(x - 1, y - 1, cell + 2, cell + 2, 4);
    pen.stroke();
    pen.lineWidth = 1;
  }

  render({id, layout, at, selected}) {
    const item = layout.items[at];
    return html`<div class="drawn" style=${{height: `${this.height}px`}}><canvas aria-hidden="true"></canvas>
      <div class="probes" aria-hidden="true">${KINDS.map((kind) => html`<i class=${`cell ${kind}`}></i>`)}</div>
      ${item ? html`<span class="unseen" role="option" id=${`${id}-${at}`} aria-selected=${String(selected.has(item.key))}>${item.words.join(", ")}</span>` : null}</div>`;
  }
}
