// The graph, as Python described it. What is live (all values are floats) is computed here again, by ROWS: functions
// printed from the table of derivatives, each of which returns [value, partial derivatives …].
//
// Of an item, which is a value or a constant:
//   n name    l name in sentences    k kind    g group    i inputs (items)    v value
//   o operation    s symbol    q parameters in words    p formulas of the local derivatives, one for each input; '' for a constant
// and where the page does not compute it:
//   t value in words    h shape and dtype    c value that colours it    d gradient in words    e size of the gradient
// Of a group, which is a module:
//   n name where it stands    f full path    p parent (a group)    k class    c calls    m how many values are inside
const graph = JSON.parse(document.getElementById("graph").textContent);
const { items, groups, views, infix, live, output } = graph;
const $ = (id) => document.getElementById(id);
const calm = matchMedia("(prefers-reduced-motion: reduce)");

const number = (x) => (typeof x === "string" ? { nan: NaN, inf: Infinity, "-inf": -Infinity }[x] : x);
const values = items.map((item) => number(item.v));
const given = [...values];
const grads = items.map(() => 0);
const partials = items.map(() => []);
const operations = items.flatMap((item, index) => (item.k === "operation" ? [index] : []));
const uses = items.map(() => []); // of each item: [operation, place]
for (const index of operations) items[index].i.forEach((operand, place) => uses[operand].push([index, place]));
let steps = [];

// ---- forward and backward

function forward() {
  for (const index of operations) {
    const { o, i } = items[index];
    [values[index], ...partials[index]] = ROWS[o](...i.map((operand) => values[operand]));
  }
}

// The chain rule: a path with a zero on it contributes zero, even against inf and nan.
const product = (gradient, partial) => (gradient === 0 || partial === 0 ? 0 : gradient * partial);

function backward() {
  grads.fill(0);
  grads[output] = 1;
  steps = operations.map((index) => ({ phase: "forward", index }));
  steps.push({ phase: "seed", index: output });
  for (const index of [...operations].reverse()) {
    items[index].i.forEach((operand, place) => {
      const partial = partials[index][place];
      if (items[operand].k === "constant" || (live && partial === undefined)) return;
      const before = grads[operand], share = product(grads[index], partial);
      grads[operand] = before + share;
      steps.push({ phase: "backward", index, place, operand, before, share, after: grads[operand] });
    });
  }
}

function slope(leaf) { // numerically, to check the chain rule
  const x = values[leaf], h = 1e-5 * Math.max(1, Math.abs(x)), kept = [...values], keptPartials = [...partials];
  const at = (moved) => { values[leaf] = moved; forward(); return values[output]; };
  const found = (at(x + h) - at(x - h)) / (2 * h);
  kept.forEach((value, index) => { values[index] = value; partials[index] = keptPartials[index]; });
  return found;
}

function compute() {
  if (live) forward();
  backward();
}

// ---- words

const escaped = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const trimmed = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);

function written(x, digits = graph.precision) {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
  if (x === 0) return "0";
  const [mantissa, power] = x.toExponential(digits - 1).split("e"), e = Number(power);
  if (e < -4 || e >= digits) return `${trimmed(mantissa)}e${e < 0 ? "-" : "+"}${String(Math.abs(e)).padStart(2, "0")}`;
  return trimmed(x.toFixed(digits - 1 - e));
}

const exact = (x) => (Number.isFinite(x) ? String(x) : written(x));
const guarded = (text) => (text.startsWith("-") ? `(${text})` : text); // behind another sign
const label = (index) => escaped(items[index].l);
const compound = /[\s+*/%@=<>|&^-]/; // a label that is a formula itself stands in parentheses in another
const operandName = (index, name = items[index].l) => escaped(items[index].k !== "constant" && compound.test(name) ? `(${name})` : name);
const valueText = (index) => (live || items[index].t === undefined ? written(values[index]) : escaped(items[index].t));
const gradText = (index) => (live ? written(grads[index]) : escaped(items[index].d ?? (index === output ? "1" : "–")));
const derivative = (of, by) => `∂${operandName(of)}/∂${operandName(by)}`;

function equation(index, text) {
  const { o, i, s, q } = items[index], operands = i.map(text);
  if (infix[o] && operands.length === 2) {
    return `${o === "pow" ? guarded(operands[0]) : operands[0]} ${infix[o]} ${guarded(operands[1])}`;
  }
  if (o === "neg") return `-${guarded(operands[0])}`;
  return `${escaped(o || s)}(${[...operands, ...(q ? [escaped(q)] : [])].join(", ")})`;
}

function rule(index, place) { // the table's formula for a partial derivative
  const { p, i } = items[index];
  if (!p?.[place]) return "";
  return `${label(index)} = ${equation(index, (operand) => operandName(operand))}: ${derivative(index, i[place])} = ${escaped(p[place])}`;
}

function chain({ index, place, operand, share }, isDone) { // '∂L/∂n · ∂n/∂x = 0.5 × 1 = 0.5'
  const words = `<span class="g">${derivative(output, index)}</span> · <span class="l">${derivative(index, operand)}</span>`;
  if (!live || !isDone) return words;
  const numbers = `<span class="g">${written(grads[index])}</span> × <span class="l">${guarded(written(partials[index][place]))}</span>`;
  return `${words} = ${numbers} = <span class="g n">${written(share)}</span>`;
}

function caption(step) {
  if (step === 0) return "The leaves are given. <small>→ computes the first operation; Space plays it all</small>";
  const now = steps[step - 1], { phase, index } = now;
  const tag = `<span class="phase ${phase === "forward" ? "forward" : "backward"}">${phase === "forward" ? "forward" : "backward"}</span>`;
  const done = step === steps.length ? "now every gradient is complete" : "";
  if (phase === "forward") {
    const texts = [`<b>${label(index)}</b>`, equation(index, (operand) => operandName(operand))];
    if (live) texts.push(equation(index, valueText));
    return `${tag}${texts.join(" = ")} = <b>${valueText(index)}</b>`;
  }
  if (phase === "seed") return `${tag}<b class="g">${derivative(output, output)} = 1</b><small>The output changes as fast as itself: here the way back begins.</small>`;
  const { place, operand, before, share, after } = now;
  const words = `<b class="g">${derivative(output, operand)}</b> += <span class="g">${derivative(output, index)}</span> · <span class="l">${derivative(index, operand)}</span>`;
  if (!live) {
    const known = items[operand].d ? `in the end ${gradText(operand)}` : "what arrives here was not kept: backward(retain_grads=True) keeps it";
    return `${tag}${words}<small>${[rule(index, place) || `by the rule of ${escaped(items[index].o)}`, known, done].filter(Boolean).join(" · ")}</small>`;
  }
  const numbers = `${written(before)} + <span class="g">${guarded(written(grads[index]))}</span> × <span class="l">${guarded(written(partials[index][place]))}</span> = <b class="g">${written(after)}</b>`;
  const zero = Object.is(share, grads[index] * partials[index][place]) || share !== 0 || share === grads[index] * partials[index][place] ? "" : "a zero on a path wins, even against inf and nan";
  return `${tag}${words} = ${numbers}<small>${[rule(index, place), zero, done].filter(Boolean).join(" · ")}</small>`;
}

// ---- the picture

const world = $("world"), picture = $("picture");
const KINDS = ["leaf", "parameter", "constant", "operation", "module", "output"];
const MANY = 150; // cards from which on the browser feels them
const SVG = "http://www.w3.org/2000/svg";
let view, place = {}, boxOf = [], wireOf = new Map(), cards = new Map(), lastInBox = new Map();
let kinds = [], labelled = [], marked = []; // kinds of cards; wires with a number on them; wires that a step or a card sets off
let step = 0, pinned = null, hovered = null, hits = [];

function parsed(svg) {
  const holder = document.createElementNS(SVG, "g");
  holder.innerHTML = svg;
  return [...holder.children];
}

function fill(target, markup) { // whether it was another
  if (!target || (target.markup ?? target.textContent) === markup) return false;
  target.innerHTML = target.markup = markup;
  return true;
}

function thing(index, shown) { // the key of the card that stands for an item
  if (shown.has(`n${index}`)) return `n${index}`;
  for (let group = items[index].g; group; group = groups[group].p) if (shown.has(`g${group}`)) return `g${group}`;
  return null;
}

function opening(group) { // the view in which a module is open, by itself or where there are too many with all of its level
  const depth = (each) => (each ? 1 + depth(groups[each].p) : 0);
  return views.find((each) => each.id === `open ${group}`) ?? views.find((each) => each.id === `depth ${depth(group)}`);
}

function setView(chosen, smooth = true) {
  const before = { place, boxOf };
  view = chosen;
  place = Object.fromEntries(view.cards.map(([key, x, y]) => [key, [x, y]]));
  const shown = new Set(view.cards.map(([key]) => key));
  boxOf = items.map((_, index) => thing(index, shown));
  lastInBox = new Map(operations.map((index) => [boxOf[index], index]));

  $("frames").replaceChildren(...view.frames.flatMap(([frame]) => parsed(frame)));
  $("texts").replaceChildren(...view.frames.flatMap(([, title]) => parsed(title)));
  for (const frame of $("frames").children) {
    const group = Number(frame.dataset.key.slice(1)), around = groups[group].p;
    addToggle(frame, "–", `Close ${groups[group].n}`, () => setView(opening(around)));
  }
  $("wires").replaceChildren(...parsed(view.wires.map(([, , , line, tip]) => `<g class="wire"><path d="${line}"/><path class="tip" d="${tip}"/></g>`).join("")));
  [wireOf, labelled, marked] = [new Map(), [], []];
  [...$("wires").children].forEach((line, at) => {
    const [from, to, edges, , , text] = view.wires[at], wire = { from, to, edges, line, text: text ? parsed(text)[0] : null };
    for (const [index, operand] of edges) wireOf.set(`${index} ${operand}`, wire);
    if (!wire.text) return;
    $("texts").append(wire.text);
    labelled.push(wire);
  });

  const fresh = view.cards.map(([key]) => key).filter((key) => !cards.has(key));
  const made = new Map(parsed(fresh.map((key) => graph.cards[key]).join("")).map((element, at) => [fresh[at], newCard(fresh[at], element)]));
  cards = new Map(view.cards.map(([key]) => [key, made.get(key) ?? cards.get(key)]));
  for (const key of fresh) { // each comes out of the module that it was in
    const from = before.place[before.boxOf[key[0] === "n" ? Number(key.slice(1)) : firstIn(key)]];
    if (smooth && from) move(key, from);
  }
  const present = new Set([...cards.values()].map((card) => card.kind.split(" ")[1]));
  kinds = KINDS.filter((kind) => present.has(kind)).map((kind) => ({ kind, words: kind }));
  picture.classList.toggle("still", cards.size > MANY); // what moves would paint all of it again and again
  $("cards").replaceChildren(...[...cards.values()].map((card) => card.element));
  if (smooth) world.getBoundingClientRect(); // from here on
  for (const key of cards.keys()) move(key, place[key]);
  $("view").value = [...$("view").options].some((each) => each.value === view.id) ? view.id : "other";
  if (pinned && !cards.has(pinned)) pinned = pinned[0] === "n" ? boxOf[Number(pinned.slice(1))] : null;
  if (!cards.has(hovered)) hovered = null;
  render();
  fit(smooth);
}

function openModule(group) {
  const hadFocus = document.activeElement !== document.body;
  setView(opening(group));
  const first = view.cards.find(([key]) => (key[0] === "n" ? within(Number(key.slice(1)), group) : enclosed(Number(key.slice(1)), group)));
  if (hadFocus && first) cards.get(first[0]).element.focus({ preventScroll: true });
}

const firstIn = (key) => items.findIndex((_, index) => within(index, Number(key.slice(1))));
const within = (index, group) => items[index].g === group || enclosed(items[index].g, group);

function enclosed(inner, group) { // whether a module stands inside another
  for (let each = groups[inner].p; inner && each; each = groups[each].p) if (each === group) return true;
  return false;
}

function move(key, [x, y]) { cards.get(key).element.style.transform = `translate(${x}px,${y}px)`; }

function newCard(key, element) {
  const kind = element.getAttribute("class"), find = (name) => element.querySelector(`.${name}`);
  element.setAttribute("tabindex", "0");
  if (key[0] === "g") {
    const group = Number(key.slice(1));
    addToggle(element, "+", `Open ${groups[group].n}`, () => openModule(group));
  }
  return { element, kind, face: find("face"), value: find("value"), grad: find("grad"), classes: kind };
}

function addToggle(element, sign, title, act) {
  const width = element.querySelector(".face, rect").getAttribute("width");
  const [toggle] = parsed(`<g class="toggle" role="button" aria-label="${escaped(title)}" transform="translate(${width},0)"><title>${escaped(title)}</title><circle r="9"/><text y="4.5">${sign}</text></g>`);
  toggle.addEventListener("click", (event) => { event.stopPropagation(); act(); });
  element.append(toggle);
}

function gradsAt(at) { // what has arrived after so many steps; null where nothing was sent yet
  if (at === steps.length) return grads;
  const found = items.map(() => null);
  for (const each of steps.slice(0, at)) {
    if (each.phase === "seed") found[each.index] = 1;
    if (each.phase === "backward") found[each.operand] = each.after;
  }
  return found;
}

const parametersIn = groups.map((_, group) => items.flatMap((item, index) => (item.k === "parameter" && within(index, group) ? [index] : [])));

function render() {
  const seen = Math.min(step, operations.length), arrived = gradsAt(step), now = step ? steps[step - 1] : null;
  const computed = new Set(operations.slice(seen));
  const number = (index) => (computed.has(index) ? "·" : valueText(index));
  const gradient = (index) => (arrived[index] === null ? "·" : live ? written(arrived[index]) : gradText(index));
  for (const line of marked) line.classList.remove("now", "near");
  marked = [];
  for (const wire of labelled) {
    const [[index, operand]] = wire.edges, text = computed.has(index) ? "·" : written(partials[index][operand], 3);
    const length = text.length * 6.5 + 8, plate = wire.text.querySelector("rect");
    fill(wire.text.querySelector("text"), text);
    plate.setAttribute("width", length);
    plate.setAttribute("x", -length / 2);
  }
  const marks = new Map();
  const mark = (key, name) => marks.set(key, `${marks.get(key) ?? ""} ${name}`);
  const set = (line, name) => { line.classList.add(name); marked.push(line); };
  const light = (index, at) => {
    const line = wireOf.get(`${index} ${at}`)?.line;
    if (!line) return;
    set(line, "now");
    $("wires").append(line); // above the others
  };
  if (now) {
    mark(boxOf[now.phase === "backward" ? now.operand : now.index], "now");
    if (now.phase === "forward") items[now.index].i.forEach((operand, at) => { mark(boxOf[operand], "operand"); light(now.index, at); });
    if (now.phase === "backward") { mark(boxOf[now.index], "operand"); light(now.index, now.place); }
  }
  const focus = hovered ?? pinned;
  if (focus) for (const wire of wireOf.values()) if (wire.from === focus || wire.to === focus) set(wire.line, "near");
  if (pinned) mark(pinned, "pinned");
  const isSearching = $("search").value.trim() !== "";
  const found = new Set(hits.map((index) => boxOf[index]));
  if (isSearching) for (const key of cards.keys()) mark(key, found.has(key) ? "hit" : "dim");
  for (const id of ["wires", "texts"]) $(id).classList.toggle("dim", isSearching);

  const shades = shading(arrived, computed);
  for (const [key, card] of cards) { // touching only what differs: a step is about two or three of perhaps hundreds
    const index = Number(key.slice(1)), isItem = key[0] === "n";
    const isPending = live || isItem ? computed.has(isItem ? index : lastInBox.get(key)) : false;
    if (isItem) {
      const isNew = fill(card.value, number(index)) | fill(card.grad, gradient(index));
      if (isNew || !card.isNamed) card.element.setAttribute("aria-label", `${items[index].n}, value ${number(index)}, gradient ${gradient(index)}`);
      card.isNamed = true;
    } else if (live) {
      const inside = parametersIn[index].filter((each) => arrived[each] !== null).map((each) => arrived[each]);
      fill(card.grad, inside.length ? written(Math.hypot(...inside)) : "·");
    }
    const classes = `${card.kind}${isPending ? " pending" : ""}${shades(key)}${marks.get(key) ?? ""}`;
    if (classes !== card.classes) card.element.setAttribute("class", card.classes = classes);
  }
  const isBack = Boolean(now) && now.phase !== "forward";
  document.body.classList.toggle("backward", isBack);
  picture.classList.toggle("backward", isBack);
  $("caption").innerHTML = caption(step);
  $("scrub").value = step;
  $("count").textContent = `${step ? (isBack ? "backward" : "forward") : "start"} ${step}/${steps.length}`;
  for (const id of ["first", "back"]) $(id).disabled = step === 0;
  for (const id of ["next", "last"]) $(id).disabled = step === steps.length;
  inspect(focus, arrived, computed);
}

// ---- colours, as autograd/drawing/colours.py gives them

function shading(arrived, computed) {
  const mode = $("colour").value, half = (graph.scale - 1) / 2;
  const own = (index) => (mode === "value" ? (computed.has(index) ? null : live ? values[index] : items[index].c) : live ? arrived[index] : arrived[index] === null ? null : items[index].e);
  const of = (key) => {
    if (key[0] === "n") return items[Number(key.slice(1))].k === "constant" ? null : own(Number(key.slice(1)));
    if (mode === "value" || !live) return null;
    const found = parametersIn[Number(key.slice(1))].map((each) => arrived[each]).filter((each) => each !== null);
    return found.length ? Math.hypot(...found) : null;
  };
  const meaning = mode === "value" ? "value" : live && view.numbers.some(([, sample]) => sample === "‖∂‖") ? "gradient, of a module ‖∂‖" : "gradient";
  if (mode === "kind") { explain(kinds); return () => ""; }
  const numbers = new Map([...cards.keys()].map((key) => [key, of(key) ?? null]));
  const known = [...numbers.values()].filter((x) => x !== null);
  const all = known.filter(Boolean).map(Math.abs), finite = all.filter(Number.isFinite), sizes = finite.length ? finite : all;
  const most = Math.max(0, ...sizes), least = Math.min(...sizes, most), wide = Math.log10(most) - Math.log10(least) > 3;
  const from = known.some((x) => x < 0) ? 0 : half;
  if (!known.length) explain([{ words: mode === "grad" && live ? "no gradient yet: the way back has not begun" : `no ${meaning} that could be shown` }]);
  else if (!most) explain([{ swatches: [half], words: `${meaning} 0, or not a number` }]);
  else explain([{
    before: written(from ? (wide ? least : 0) : -most, 2), swatches: Array.from({ length: graph.scale - from }, (_, at) => from + at),
    words: `${written(most, 2)} ${meaning}${wide ? ", by order of magnitude" : ""}`,
  }]);
  return (key) => {
    const x = numbers.get(key);
    if (x === null || Number.isNaN(x)) return "";
    const size = Math.abs(x);
    if (!size || !most) return ` shaded s${half}`;
    const part = !Number.isFinite(size) ? 1 : wide ? (Math.log(size) - Math.log(least)) / (Math.log(most) - Math.log(least)) : size / most;
    return ` shaded s${half + Math.sign(x) * Math.min(Math.max(Math.ceil(part * half - 1e-9), 1), half)}`;
  };
}

let legend = []; // what the colours and the numbers mean
function explain(colours) {
  legend = [...colours, ...view.numbers.map(([style, sample, words]) => ({ style, sample, words })), ...view.remarks.map((words) => ({ words }))];
  fill($("legend"), legend.map(({ kind, before, swatches, style, sample, words }) => {
    const bar = swatches ? `<span class="bar">${swatches.map((each) => `<i style="background:var(--s${each})"></i>`).join("")}</span>` : "";
    const mark = kind ? `<i style="background:var(--${kind});border-color:var(--${kind}-edge)"></i>` : sample ? `<b class="${style[0]}">${sample}</b>` : "";
    return `<span>${before ?? ""}${bar}${mark}<span>${escaped(words)}</span></span>`;
  }).join(""));
}

// ---- details

function inspect(key, arrived, computed) {
  const now = step ? steps[step - 1] : null;
  const chosen = key ?? (now ? boxOf[now.phase === "backward" ? now.operand : now.index] : boxOf[output]);
  if (!chosen) return;
  if ($("inspector").contains(document.activeElement) && document.activeElement.matches(".edit input") && $("inspector").dataset.key === chosen) { refresh(Number(chosen.slice(1))); return; }
  $("inspector").dataset.key = chosen;
  $("inspector").innerHTML = chosen[0] === "g" ? aboutModule(Number(chosen.slice(1)), arrived) : aboutItem(Number(chosen.slice(1)), arrived, computed);
  wireInspector(chosen);
}

function aboutModule(group, arrived) {
  const { n, k, c, m, f } = groups[group], inside = parametersIn[group];
  const list = inside.slice(0, 12).map((index) => `<li><b>${escaped(items[index].n)}</b> = ${valueText(index)}<span class="rule">∂ <span class="g">${arrived[index] === null ? "·" : live ? written(arrived[index]) : gradText(index)}</span></span></li>`).join("");
  const more = inside.length > 12 ? `<p class="quiet">and ${inside.length - 12} more</p>` : "";
  return `<h2>${escaped(f || n)}</h2><p><span class="badge">module</span> ${escaped(k)}</p>
    <p>${m} values${c > 1 ? `, ${c} calls` : ""}</p><p><button type="button" id="open-module">Open this module</button></p>
    ${list ? `<h3>Parameters</h3><ul>${list}</ul>${more}` : ""}`;
}

const FIXED = `Leaves cannot be changed here: ${items.some((item) => item.h) ? "this graph has arrays, and the page computes with single numbers" : "the page does not know every operation of this graph"}.`;

function aboutItem(index, arrived, computed) {
  const item = items[index], kind = index === output ? "output" : item.k, isLeaf = item.k === "leaf" || item.k === "parameter";
  const path = item.g ? `<p class="quiet">in ${escaped(groups[item.g].f || groups[item.g].n)}</p>` : "";
  const head = `<h2>${escaped(item.n)}</h2><p><span class="badge">${kind}</span>${item.h ? ` <span class="quiet mono">${escaped(item.h)}</span>` : ""}</p>${path}`;
  if (item.k === "constant") return `${head}<p class="big mono">${valueText(index)}</p><p class="quiet">A plain number: nothing flows back to it.</p>`;
  const value = computed.has(index) ? "not computed yet" : live ? exact(values[index]) : valueText(index);
  const made = item.k === "operation" ? `<p class="mono">= ${equation(index, (operand) => operandName(operand))}</p>` : "";
  const editor = live && isLeaf
    ? `<div class="edit"><input id="edit-number" type="number" step="any" aria-label="Value of ${escaped(item.n)}" placeholder="${written(values[index])}" value="${Number.isFinite(values[index]) ? values[index] : ""}"><button type="button" id="edit-reset">reset</button><input id="edit-range" type="range" aria-label="Drag the value of ${escaped(item.n)}"></div><p class="quiet">Change it: everything is computed again.</p>`
    : `<p class="big mono">${value}</p>${isLeaf ? `<p class="quiet">${FIXED}</p>` : ""}`;
  const locals = item.k === "operation" && live
    ? `<h3>Local derivatives</h3><ul>${item.i.map((operand, at) => [operand, at]).filter(([operand, at]) => items[operand].k !== "constant" && partials[index][at] !== undefined)
        .map(([operand, at]) => `<li><span class="l">${derivative(index, operand)}</span> = <span class="l n">${computed.has(index) ? "·" : written(partials[index][at])}</span><span class="rule">${rule(index, at)}</span></li>`).join("")}</ul>`
    : "";
  return `${head}<h3>Value</h3>${editor}${made}<h3>Gradient ${derivative(output, index)}</h3><div id="gradient">${aboutGradient(index, arrived)}</div>${locals}`;
}

function aboutGradient(index, arrived) {
  const value = arrived[index] === null ? '<span class="quiet">nothing has flowed back yet</span>' : live ? exact(arrived[index]) : gradText(index);
  const done = new Set(steps.slice(0, step).filter((each) => each.operand === index));
  const all = steps.filter((each) => each.operand === index);
  const now = step ? steps[step - 1] : null;
  const terms = all.map((each) => `<li class="${each === now ? "now" : ""}" ${done.has(each) ? "" : 'style="opacity:.5"'}>${chain(each, done.has(each))}</li>`).join("");
  const sum = all.length > 1 && live && done.size === all.length ? `<p class="mono total g">${all.map((each, at) => (at ? (each.share < 0 ? " − " : " + ") + written(Math.abs(each.share)) : written(each.share))).join("")} = ${written(all.at(-1).after)}</p>` : "";
  const lead = index === output ? '<p class="quiet">The output itself.</p>' : all.length > 1 ? `<p class="quiet">It is used ${all.length} times; the shares add up.</p>` : "";
  const isLeaf = items[index].k !== "operation";
  let check = "";
  if (live && isLeaf && done.size === all.length && all.length) {
    const found = slope(index), both = [found, grads[index]], isFinite = both.every(Number.isFinite);
    const agree = isFinite && Math.abs(found - grads[index]) <= 1e-5 * Math.max(1, ...both.map(Math.abs));
    check = `<p class="quiet">Numerically: ${written(found, 6)} ${agree ? '<b class="good">✓</b>' : isFinite ? "(differs: a kink, an edge, or too steep)" : "(no check: not a finite number)"}</p>`;
  }
  return `<p class="big mono g">${value}</p>${lead}<ul>${terms}</ul>${sum}${check}`;
}

function wireInspector(key) {
  const index = Number(key.slice(1));
  $("open-module")?.addEventListener("click", () => openModule(index));
  const box = $("edit-number"), range = $("edit-range");
  if (!box) return;
  const canDrag = (x) => Math.abs(x) < 1e300; // so that the ends are numbers, too
  const middle = canDrag(given[index]) ? given[index] : 0, reach = Math.max(2, 2 * Math.abs(middle));
  Object.assign(range, { min: middle - reach, max: middle + reach, step: reach / 200 });
  const show = (input) => { input.value = Number.isFinite(values[index]) ? values[index] : ""; range.disabled = !canDrag(values[index]); };
  const change = (value, others) => {
    values[index] = value;
    others.forEach(show);
    compute();
    render();
  };
  show(range);
  box.addEventListener("input", () => { if (box.value !== "") change(Number(box.value), [range]); });
  range.addEventListener("input", () => change(Number(range.value), [box]));
  $("edit-reset").addEventListener("click", () => change(given[index], [box, range]));
}

function refresh(index) { if ($("gradient")) $("gradient").innerHTML = aboutGradient(index, gradsAt(step)); }

function fillTable() {
  const arrived = gradsAt(steps.length);
  const lines = items.flatMap((item, index) => (item.k === "constant" ? [] : [`<tr><td title="${escaped(item.n)}">${escaped(item.n)}</td><td>${item.k === "operation" ? equation(index, (operand) => operandName(operand, items[operand].n)) : item.k}</td><td class="number">${live ? exact(values[index]) : valueText(index)}</td><td class="number g">${live ? exact(arrived[index]) : gradText(index)}</td><td class="quiet">${escaped(item.g ? groups[item.g].f || groups[item.g].n : "")}</td></tr>`]));
  $("table").querySelector(".scroll").innerHTML = `<table><thead><tr><th>name</th><th>computed as</th><th class="number">value</th><th class="number">gradient</th><th>module</th></tr></thead><tbody>${lines.join("")}</tbody></table>`;
}

// ---- moving about

function isShown(at) { // whether a step can be seen while some modules are closed
  if (at <= 0 || at >= steps.length) return true;
  const { phase, index, operand } = steps[at - 1];
  if (phase === "seed") return true;
  if (phase === "forward") return boxOf[index]?.[0] === "n" || lastInBox.get(boxOf[index]) === index;
  return boxOf[index] !== boxOf[operand];
}

function go(to, direction = 0) {
  to = Math.min(Math.max(to, 0), steps.length);
  while (direction && !isShown(to)) to += direction;
  step = to;
  if (location.protocol !== "about:") try { history.replaceState(null, "", `#step=${step}`); } catch { /* a frame without an address */ }
  render();
  follow();
}

let timer = null;
function play(on) {
  clearTimeout(timer);
  timer = null;
  if (on && step === steps.length) go(0);
  if (on && calm.matches) { go(step + 1, 1); on = false; } // no motion by itself
  if (on) {
    const advance = () => { go(step + 1, 1); timer = step < steps.length ? setTimeout(advance, Number($("speed").value)) : null; showPlay(); };
    timer = setTimeout(advance, 150);
  }
  showPlay();
}
function showPlay() {
  const shape = timer ? "M2 1h4v12H2zM8 1h4v12H8z" : "M3 1v12l9-6z";
  $("play").innerHTML = `<svg viewBox="0 0 14 14" aria-hidden="true"><path d="${shape}"/></svg>${timer ? "Pause" : "Play"}`;
}

let zoom = { k: 1, x: 0, y: 0 };
const LEGIBLE = 0.8; // the least scale at which numbers are easily read
let adapt = settle; // to a new size of the window; null once the reader has moved the picture
function applyZoom(smooth) {
  world.style.transition = smooth && !calm.matches ? "transform .35s ease" : "none";
  world.style.transform = `translate(${zoom.x}px,${zoom.y}px) scale(${zoom.k})`;
}
function fit(smooth = true) {
  adapt = fit;
  const { width, height } = picture.getBoundingClientRect(), pad = 28, foot = 44;
  const k = Math.min((width - 2 * pad) / view.width, (height - pad - foot) / view.height, 1.5);
  zoom = { k, x: (width - k * view.width) / 2, y: Math.max(pad, (height - foot + pad - k * view.height) / 2) };
  applyZoom(smooth);
}
function settle(smooth = true) { // the whole; or where the step is, if the whole is too large to be read
  fit(smooth);
  adapt = settle;
  if (zoom.k >= LEGIBLE) return;
  const { width, height } = picture.getBoundingClientRect(), pad = 28, foot = 44;
  zoom = { k: LEGIBLE, x: Math.max(pad, (width - LEGIBLE * view.width) / 2), y: Math.max(pad, (height - foot + pad - LEGIBLE * view.height) / 2) };
  follow(smooth);
  applyZoom(smooth);
}
function follow(smooth = true) { // bring what the step is about into sight, what changes before what it comes from
  if (!step) return;
  const { phase, index, operand } = steps[step - 1];
  bring(phase === "forward" ? [...items[index].i, index].map((each) => boxOf[each]) : phase === "backward" ? [boxOf[index], boxOf[operand]] : [boxOf[index]], smooth);
}
function bring(keys, smooth = true) { // into sight, the last above all
  const { width, height } = picture.getBoundingClientRect(), pad = 14, foot = 44;
  const into = (from, length, low, high) => (from < low ? low - from : from + length > high ? Math.max(low - from, high - from - length) : 0);
  const before = { ...zoom };
  for (const key of keys) {
    if (!place[key]) continue;
    const { face } = cards.get(key), [x, y] = place[key];
    zoom.x += into(zoom.x + zoom.k * x, zoom.k * face.getAttribute("width"), pad, width - pad);
    zoom.y += into(zoom.y + zoom.k * y, zoom.k * face.getAttribute("height"), pad, height - foot);
  }
  if (zoom.x !== before.x || zoom.y !== before.y) applyZoom(smooth);
}
function zoomBy(factor, cx, cy) {
  const { width, height } = picture.getBoundingClientRect();
  [cx, cy] = [cx ?? width / 2, cy ?? height / 2];
  const k = Math.min(Math.max(zoom.k * factor, 0.02), 6), f = k / zoom.k;
  zoom = { k, x: cx - f * (cx - zoom.x), y: cy - f * (cy - zoom.y) };
  adapt = null;
  applyZoom(false);
}
function reveal(index) { // show an item that may be inside a closed module, and bring it into sight
  if (boxOf[index] !== `n${index}`) setView(opening(items[index].g));
  const [x, y] = place[boxOf[index]] ?? [0, 0], { width, height } = picture.getBoundingClientRect();
  if (zoom.k < LEGIBLE) zoomBy(LEGIBLE / zoom.k);
  const sx = zoom.x + zoom.k * x, sy = zoom.y + zoom.k * y;
  if (sx < 0 || sy < 0 || sx > width - 120 || sy > height - 80) {
    zoom = { ...zoom, x: width / 2 - zoom.k * x, y: height / 2 - zoom.k * y };
    applyZoom(true);
  }
}

function pin(key) {
  pinned = pinned === key ? null : key;
  render();
}

let found = 0;
function search(advance) {
  const wanted = $("search").value.trim().toLowerCase();
  hits = wanted ? items.flatMap((item, index) => (item.k !== "constant" && `${item.n} ${item.o ?? ""} ${item.s ?? ""}`.toLowerCase().includes(wanted) ? [index] : [])) : [];
  found = advance && hits.length ? (found + 1) % hits.length : -1;
  if (found >= 0) { reveal(hits[found]); pinned = boxOf[hits[found]]; }
  $("found").textContent = wanted ? `${found >= 0 ? `${found + 1} of ` : ""}${hits.length} found` : "";
  render();
}

// ---- events

const keyOf = (target) => target.closest?.(".card")?.dataset.key ?? null;
picture.addEventListener("pointerover", (event) => { const key = keyOf(event.target); if (key !== hovered) { hovered = key; render(); } });
picture.addEventListener("pointerleave", () => { if (hovered) { hovered = null; render(); } });
let drag = null;
picture.addEventListener("pointerdown", (event) => { drag = { x: event.clientX, y: event.clientY, far: 0, id: event.pointerId }; });
picture.addEventListener("pointermove", (event) => {
  if (!drag) return;
  const dx = event.clientX - drag.x, dy = event.clientY - drag.y;
  drag = { ...drag, x: event.clientX, y: event.clientY, far: drag.far + Math.hypot(dx, dy) };
  if (drag.far < 5) return;
  if (!picture.hasPointerCapture(drag.id)) picture.setPointerCapture(drag.id);
  picture.classList.add("dragging");
  zoom = { ...zoom, x: zoom.x + dx, y: zoom.y + dy };
  adapt = null;
  applyZoom(false);
});
const drop = (event) => {
  picture.classList.remove("dragging");
  if (drag && drag.far < 5 && event.type === "pointerup" && !event.target.closest?.(".toggle")) { const key = keyOf(event.target); if (key) pin(key); else if (pinned) pin(pinned); }
  drag = null;
};
picture.addEventListener("pointerup", drop);
picture.addEventListener("pointercancel", drop);
picture.addEventListener("wheel", (event) => {
  event.preventDefault();
  const { left, top } = picture.getBoundingClientRect();
  zoomBy(Math.exp(-event.deltaY * 0.0015), event.clientX - left, event.clientY - top);
}, { passive: false });
picture.addEventListener("focusin", (event) => { const key = keyOf(event.target); if (key && event.target.matches(":focus-visible")) { hovered = key; render(); bring([key]); } });
picture.addEventListener("focusout", () => { hovered = null; });

$("first").onclick = () => go(0);
$("back").onclick = () => go(step - 1, -1);
$("next").onclick = () => go(step + 1, 1);
$("last").onclick = () => go(steps.length);
$("play").onclick = () => play(!timer);
$("scrub").oninput = () => { play(false); go(Number($("scrub").value)); };
$("search").oninput = () => search(false);
$("colour").onchange = render;
$("view").onchange = () => { const target = views.find((each) => each.id === $("view").value); if (target) setView(target); };
$("zoom-in").onclick = () => zoomBy(1.25);
$("zoom-out").onclick = () => zoomBy(0.8);
$("fit").onclick = () => fit();
$("open-table").onclick = () => { fillTable(); $("table").showModal(); };
$("open-help").onclick = () => $("help").showModal();
$("theme").onclick = () => document.documentElement.classList.toggle("dark");
$("download").onclick = () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([standalone()], { type: "image/svg+xml" }));
  link.download = "graph.svg";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
};

function standalone() { // the picture as it is now, as a file of its own
  const copy = world.cloneNode(true), pad = 20;
  for (const element of [copy, ...copy.querySelectorAll("[style]")]) element.removeAttribute("style");
  for (const element of [copy, ...copy.querySelectorAll("[id], [tabindex]")]) for (const name of ["id", "tabindex"]) element.removeAttribute(name);
  for (const toggle of copy.querySelectorAll(".toggle")) toggle.remove();
  for (const card of copy.querySelectorAll(".card")) card.setAttribute("transform", `translate(${place[card.dataset.key]})`);
  copy.setAttribute("transform", `translate(${pad},${pad})`);
  const keys = drawnLegend(Math.max(view.width, 420)), summary = picture.getAttribute("aria-label");
  const width = Math.max(view.width, keys.width) + 2 * pad, height = pad + view.height + 18 + keys.height + 12;
  const drawn = new XMLSerializer().serializeToString(copy);
  const isDark = document.documentElement.classList.contains("dark"), name = `w${hash(isDark + drawn + summary)}`;
  const sheet = $("drawing-style").textContent.replaceAll("html.dark .drawing", isDark ? ".drawing" : ".dark .drawing").replaceAll(".drawing", `.${name}`);
  return `<svg xmlns="${SVG}" class="${name}" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="graphics-document document" aria-labelledby="${name}-title ${name}-desc" xml:space="preserve">`
    + `<title id="${name}-title">Graph of ${label(output)}</title><desc id="${name}-desc">${escaped(summary)}</desc><style>${escapedStyle(sheet)}</style>`
    + `<rect class="paper" width="${width}" height="${height}" rx="10"/>${drawn}<g transform="translate(${pad},${view.height + pad + 18})">${keys.markup}</g></svg>`;
}

function drawnLegend(room) { // the legend as SVG, each entry where the one before it ends
  const group = document.createElementNS(SVG, "g");
  group.setAttribute("class", "legend");
  picture.append(group);
  let x = 0, y = 10, width = 0;
  for (const { kind, before, swatches, style, sample, words } of legend) {
    const [entry] = parsed("<g/>"), end = () => entry.getBBox().width + (entry.lastChild ? 6 : 0);
    group.append(entry);
    const add = (markup) => entry.append(...parsed(markup));
    if (kind) add(`<g class="card ${kind}"><rect class="face" y="-9" width="16" height="11" rx="3"/></g>`);
    if (before) add(`<text>${before}</text>`);
    if (swatches) { const from = end(); add(swatches.map((each, at) => `<g class="s${each}"><rect class="face" x="${from + 9 * at}" y="-10" width="9.2" height="12"/></g>`).join("")); }
    if (sample) add(`<text><tspan class="${style}" font-weight="700">${sample}</tspan></text>`);
    add(`<text x="${end()}">${escaped(words)}</text>`);
    const length = entry.getBBox().width;
    if (x && x + length > room) [x, y] = [0, y + 20];
    entry.setAttribute("transform", `translate(${x},${y})`);
    width = Math.max(width, x + length);
    x += length + 20;
  }
  group.remove();
  return { markup: new XMLSerializer().serializeToString(group), width, height: y + 6 };
}

function hash(text) { // FNV-1a: so that two pictures on one page keep their own styles
  let found = 0x811c9dc5;
  for (const char of text) found = Math.imul(found ^ char.codePointAt(0), 0x01000193);
  return (found >>> 0).toString(16).padStart(8, "0");
}
const escapedStyle = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

addEventListener("keydown", (event) => {
  const typing = event.target.matches?.("input, select, textarea"), inDialog = document.querySelector("dialog[open]");
  if (event.key === "Escape" && !inDialog) {
    if ($("search").value) { $("search").value = ""; search(false); } else if (pinned) pin(pinned);
    event.target.blur?.();
    return;
  }
  if (event.target === $("search") && event.key === "Enter") { search(true); return; }
  if (inDialog || event.ctrlKey || event.metaKey || event.altKey) return;
  if (typing && !(event.target === $("scrub") && !event.key.startsWith("Arrow"))) return;
  if (event.target.matches?.("button") && (event.key === " " || event.key === "Enter")) return;
  const card = keyOf(event.target);
  if (card && event.key === "Enter") {
    if (card[0] === "g") openModule(Number(card.slice(1))); else pin(card);
    return;
  }
  const act = {
    ArrowRight: () => { play(false); go(step + 1, 1); }, ArrowLeft: () => { play(false); go(step - 1, -1); },
    " ": () => play(!timer), Home: () => { play(false); go(0); }, End: () => { play(false); go(steps.length); },
    f: () => go(0), b: () => go(operations.length + 1), "/": () => $("search").focus(),
    "+": () => zoomBy(1.25), "=": () => zoomBy(1.25), "-": () => zoomBy(0.8), 0: () => fit(),
    t: () => $("open-table").click(), d: () => $("theme").click(), "?": () => $("open-help").click(),
  }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (act) { event.preventDefault(); act(); }
});
new ResizeObserver(() => adapt?.(false)).observe(picture);
addEventListener("hashchange", () => { const at = /step=(\d+)/.exec(location.hash); if (at) go(Number(at[1])); });

// ---- the beginning

const dark = matchMedia("(prefers-color-scheme: dark)");
const setTheme = () => document.documentElement.classList.toggle("dark", graph.theme === "dark" || (graph.theme === "auto" && dark.matches));
dark.addEventListener("change", setTheme);
setTheme();
for (const each of views) if (each.name) $("view").add(new Option(each.name, each.id));
$("view").add(Object.assign(new Option("one module open", "other"), { disabled: true, hidden: true }));
$("view-label").hidden = views.length < 2;
compute();
const changed = live && operations.some((index) => Math.abs(values[index] - given[index]) > 1e-9 * Math.max(1, Math.abs(given[index])));
$("notice").hidden = !changed;
$("scrub").max = steps.length;
step = steps.length;
const asked = /step=(\d+)/.exec(location.hash);
if (asked) step = Math.min(Number(asked[1]), steps.length);
showPlay();
const isLarge = views[graph.start].cards.length > MANY;
$("cards").classList.toggle("first", isLarge);
setView(views[graph.start], false);
settle(false);
if (isLarge) { // texts take the most time: first those in sight, then the others
  const { width, height } = picture.getBoundingClientRect();
  for (const [key, { element, face }] of cards) {
    const [left, top] = place[key].map((each, axis) => zoom.k * each + (axis ? zoom.y : zoom.x));
    const isSeen = left < width && top < height && left + zoom.k * face.getAttribute("width") > 0 && top + zoom.k * face.getAttribute("height") > 0;
    element.classList.toggle("later", !isSeen);
  }
  $("cards").classList.remove("first");
  requestAnimationFrame(() => setTimeout(() => { for (const element of document.querySelectorAll(".later")) element.classList.remove("later"); }));
}
document.documentElement.dataset.ready = Math.round(performance.now()); // in milliseconds
