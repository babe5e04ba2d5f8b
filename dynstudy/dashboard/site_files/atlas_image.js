// The image of an atlas: pieces of the level that is as fine as the screen, in axes.
export const section = document.getElementById("atlas");
export const canvas = section.querySelector("canvas");
const pen = canvas.getContext("2d");
const MOST_PIECES = 400, LARGEST = 64; // screen pixels of a network's
const MARGIN = { left: 64, right: 14, top: 8, bottom: 46 };
const pieces = new Map(); // images by address, the one used last at the end
export const now = { atlas: null, layer: null, view: null, cursor: null, held: false };
// view and cursor are in pixels of the image, from its top left; view.scale is screen pixels of one

export const within = (value, low, high) => Math.min(Math.max(value, low), high);
export const box = () => ({
  width: Math.max(canvas.clientWidth - MARGIN.left - MARGIN.right, 1),
  height: Math.max(canvas.clientHeight - MARGIN.top - MARGIN.bottom, 1),
});
export const onScreen = (x, y) => [
  MARGIN.left + box().width / 2 + (x - now.view.x) * now.view.scale,
  MARGIN.top + box().height / 2 + (y - now.view.y) * now.view.scale,
];
export const inImage = (x, y) => ({
  x: now.view.x + (x - MARGIN.left - box().width / 2) / now.view.scale,
  y: now.view.y + (y - MARGIN.top - box().height / 2) / now.view.scale,
});
export const least = () => Math.min(box().width / now.atlas.right.pixels, box().height / now.atlas.upwards.pixels);

export function keepInside() {
  const { width, height } = box();
  const kept = (middle, size, half) => (2 * half >= size ? size / 2 : within(middle, half, size - half));
  now.view.scale = within(now.view.scale, least(), Math.max(4 * least(), LARGEST));
  now.view.x = kept(now.view.x, now.atlas.right.pixels, width / 2 / now.view.scale);
  now.view.y = kept(now.view.y, now.atlas.upwards.pixels, height / 2 / now.view.scale);
}

export function zoom(factor, x, y) { // what is at (x, y) on the screen stays there
  const before = inImage(x, y);
  now.view.scale *= factor;
  keepInside();
  const after = inImage(x, y);
  now.view.x += before.x - after.x;
  now.view.y += before.y - after.y;
  keepInside();
  draw();
}

function piece(level, column, row) {
  const address = `${section.dataset.address}/${now.atlas.version}/${now.layer.name}/${level}/${column}/${row}.png`;
  const image = pieces.get(address) ?? Object.assign(new Image(), { onload: draw, src: address });
  pieces.delete(address);
  pieces.set(address, image);
  if (pieces.size > MOST_PIECES) pieces.delete(pieces.keys().next().value);
  return image;
}

function drawLevel(level, ratio) {
  const side = now.atlas.piece * 2 ** level, { width, height } = box();
  const first = inImage(MARGIN.left, MARGIN.top), last = inImage(MARGIN.left + width, MARGIN.top + height);
  const upTo = (end, pixels) => Math.min(Math.ceil(end / side), Math.ceil(pixels / side));
  for (let row = Math.max(0, Math.floor(first.y / side)); row < upTo(last.y, now.atlas.upwards.pixels); row++) {
    for (let column = Math.max(0, Math.floor(first.x / side)); column < upTo(last.x, now.atlas.right.pixels); column++) {
      const image = piece(level, column, row);
      if (!image.complete || !image.naturalWidth) continue;
      const [left, top, right, bottom] = [
        ...onScreen(column * side, row * side),
        ...onScreen(column * side + image.naturalWidth * 2 ** level, row * side + image.naturalHeight * 2 ** level),
      ].map((edge) => Math.round(edge * ratio) / ratio); // or there are seams
      pen.clearRect(left, top, right - left, bottom - top);
      pen.drawImage(image, left, top, right - left, bottom - top);
    }
  }
}

let asked = 0;
export function draw() { asked ||= requestAnimationFrame(() => { asked = 0; paint(); }); }

function paint() {
  const ratio = devicePixelRatio, { width, height } = box();
  canvas.width = Math.round(canvas.clientWidth * ratio);
  canvas.height = Math.round(canvas.clientHeight * ratio);
  pen.scale(ratio, ratio);
  const [left, top] = onScreen(0, 0), [right, bottom] = onScreen(now.atlas.right.pixels, now.atlas.upwards.pixels);
  const edge = { left: Math.max(left, MARGIN.left), top: Math.max(top, MARGIN.top) };
  edge.width = Math.min(right, MARGIN.left + width) - edge.left;
  edge.height = Math.min(bottom, MARGIN.top + height) - edge.top;
  pen.save();
  pen.beginPath();
  pen.rect(edge.left, edge.top, edge.width, edge.height);
  pen.clip();
  const finest = within(Math.floor(-Math.log2(now.view.scale * ratio)), 0, now.atlas.levels - 1);
  pen.imageSmoothingEnabled = now.view.scale * ratio * 2 ** finest < 1;
  if (finest < now.atlas.levels - 1) drawLevel(now.atlas.levels - 1, ratio); // stands in for what is on its way
  drawLevel(finest, ratio);
  if (now.cursor) outline();
  pen.restore();
  drawAxes(edge);
}

export function tileOf(column, row) { // both from the low ends; the row of the image is from the top
  const number = (axis, at) => axis.tiles.findIndex((stop) => at < stop);
  return { column: number(now.atlas.right, column), row: number(now.atlas.upwards, now.atlas.upwards.pixels - 1 - row) };
}

function outline() {
  const column = Math.floor(now.cursor.x), row = Math.floor(now.cursor.y);
  const bounds = (stops, at) => [stops[at - 1] ?? 0, stops[at]];
  const tile = tileOf(column, row);
  const [first, last] = bounds(now.atlas.right.tiles, tile.column);
  const [low, high] = bounds(now.atlas.upwards.tiles, tile.row).map((edge) => now.atlas.upwards.pixels - edge);
  const frames = [[first, high, last - first, low - high]];
  if (now.view.scale >= 3 || now.held) frames.push([column, row, 1, 1]);
  for (const [x, y, wide, tall] of frames) {
    for (const [colour, line] of [["#fff", 3], ["#000", 1]]) {
      Object.assign(pen, { strokeStyle: colour, lineWidth: line });
      pen.strokeRect(...onScreen(x, y), wide * now.view.scale, tall * now.view.scale);
    }
  }
}

function ticks(axis, first, last) { // values from pixel `first` to `last`, both from the low end
  const { low, high, pixels } = axis;
  const value = (at) => (axis.log ? low * (high / low) ** (at / pixels) : low + ((high - low) * at) / pixels);
  const position = (of) => pixels * (axis.log ? Math.log(of / low) / Math.log(high / low) : (of - low) / (high - low));
  const [from, to] = [value(first), value(last)], values = [];
  if (axis.log && to / from > 4) {
    const leads = to / from > 1000 ? [1] : [1, 2, 5];
    for (let power = Math.floor(Math.log10(from)); power <= Math.log10(to); power++) {
      values.push(...leads.map((lead) => lead * 10 ** power));
    }
  } else {
    const rough = (to - from) / 4, power = 10 ** Math.floor(Math.log10(rough));
    const step = power * [1, 2, 5, 10].find((lead) => lead * power >= rough);
    for (let count = Math.ceil(from / step); count * step <= to; count++) values.push(count * step);
  }
  const inside = values.filter((of) => of >= from * (1 - 1e-9) && of <= to * (1 + 1e-9));
  return inside.map((of) => [position(of), String(Number(of.toPrecision(6)))]);
}

function drawAxes({ left, top, width, height }) {
  const style = getComputedStyle(canvas), bottom = top + height;
  const a = inImage(left, bottom), b = inImage(left + width, top), rows = now.atlas.upwards.pixels;
  Object.assign(pen, { fillStyle: style.color, strokeStyle: style.color, lineWidth: 1 });
  pen.font = `13px ${style.fontFamily}`;
  pen.strokeRect(left, top, width, height);
  pen.textAlign = "center";
  pen.beginPath();
  let free = -Infinity; // numbers lie on no others
  for (const [at, text] of ticks(now.atlas.right, a.x, b.x)) {
    const [x] = onScreen(at, 0), half = pen.measureText(text).width / 2;
    pen.moveTo(x, bottom); pen.lineTo(x, bottom + 5);
    if (x - half > free) { pen.fillText(text, x, bottom + 18); free = x + half + 8; }
  }
  pen.fillText(now.atlas.right.title, left + width / 2, bottom + 38);
  pen.textAlign = "right";
  for (const [at, text] of ticks(now.atlas.upwards, rows - a.y, rows - b.y)) {
    const [, y] = onScreen(0, rows - at);
    pen.moveTo(left, y); pen.lineTo(left - 5, y);
    pen.fillText(text, left - 8, y + 4);
  }
  pen.stroke();
  pen.translate(left - 50, top + height / 2);
  pen.rotate(-Math.PI / 2);
  pen.textAlign = "center";
  pen.fillText(now.atlas.upwards.title, 0, 0);
}
