/*
 * The controls over the planes: window, what is shown, structures, two images, and tools.
 */
import { element } from './element.js';
import { isodoseColour } from './lines.js';
import { DOSE_OPACITY, PLANES } from './planes.js';

const WINDOWS = { 'soft tissue': [-160, 240], lung: [-1350, 150], bone: [-500, 1300], brain: [0, 80] };
const MIXED = { blend: 0.5, difference: 0, checkerboard: 0, slider: 0.5 };
const DRAWN = ['replace', 'add', 'take away'];

/* `heard` is told of what is shown; `drawing` is there where contours can be drawn. */
export function controls(planes, heard, drawing) {
  const scene = planes.scene;
  const bar = element('div', '', 'skrt-look-bar');
  bar.append(...windowing(planes, scene), choice('show', Object.keys(PLANES), name => {
    planes.niivue.setSliceType(PLANES[name]);
  }));
  if (scene.other) {
    bar.append(...mixing(planes));
  }
  if (scene.dose) {
    bar.append(...dosing(planes, scene));
  }
  if (scene.lattice) {
    bar.append(choice('deformation', ['none', 'arrows', 'grid'], kind => {
      planes.bent = kind;
      planes.overlay();
    }));
  }
  bar.append(tools(planes, drawing));
  if (drawing) {
    bar.append(drawing.bar);
  }
  bar.append(button('save picture', () => planes.picture('picture.png')));
  bar.append(boxes(planes, heard));
  return bar;
}

function windowing(planes, scene) {
  const own = [scene.image.low, scene.image.high];
  const from = number('', own[0], () => planes.window(Number(from.value), Number(to.value)));
  const to = number('', own[1], () => planes.window(Number(from.value), Number(to.value)));
  const windows = { 'as it is': own, ...WINDOWS };
  const known = choice('window', Object.keys(windows), name => {
    [from.value, to.value] = windows[name];
    planes.window(...windows[name]);
  });
  const label = element('label', '');
  label.append(from, ' to ', to);
  return [known, label];
}

function mixing(planes) {
  const share = slider('', MIXED.blend, value => planes.mix(way.select.value, value));
  const way = choice('two images', Object.keys(MIXED), name => {
    share.input.value = MIXED[name];
    share.style.visibility = MIXED[name] ? 'visible' : 'hidden';
    planes.mix(name, MIXED[name]);
  });
  return [way, share];
}

function dosing(planes, scene) {
  const wash = slider('dose', DOSE_OPACITY, value => planes.niivue.setOpacity(planes.doseNumber, value));
  const lines = element('label', '', 'skrt-look-box');
  const input = Object.assign(element('input'), { type: 'checkbox', checked: true });
  input.addEventListener('change', () => {
    planes.lines = input.checked;
    planes.overlay();
  });
  lines.append(input, 'isodose lines in Gy:');
  for (const level of scene.levels) {
    const mark = element('span', String(level));
    mark.style.color = isodoseColour(level, scene.dose.high);
    lines.append(mark);
  }
  return [wash, lines];
}

function tools(planes, drawing) {
  const known = ['cursor', 'measure', ...(drawing ? ['draw'] : [])];
  return choice('pointer', known, name => {
    planes.tools.choose(name);
    if (drawing) {
      drawing.bar.style.display = name === 'draw' ? '' : 'none';
    }
  });
}

/* What is drawn, and how it changes what is there; `undo` takes the last line back. */
export class Drawing {
  constructor(names, undo) {
    this.bar = element('span', '', 'skrt-look-drawing');
    this.bar.style.display = 'none';
    this.name = element('input');
    Object.assign(this.name, { type: 'text', value: 'new', size: 14 });
    this.name.setAttribute('aria-label', 'structure to draw');
    const list = element('datalist');
    list.id = 'skrt-names-' + Math.random().toString(36).slice(2);
    list.append(...names.map(name => element('option', name)));
    this.name.setAttribute('list', list.id);
    this.way = choice('', DRAWN, () => undefined);
    this.bar.append('structure ', this.name, list, this.way, button('undo', undo));
  }

  get chosen() {
    return { name: this.name.value.trim() || 'new', way: this.way.select.value };
  }
}

export function boxes(planes, heard) {
  const all = element('span', '', 'skrt-look-boxes');
  const shown = new Set(planes.scene.structures.filter(one => one.shown !== false).map(one => one.name));
  for (const one of planes.scene.structures) {
    const label = element('label', '', 'skrt-look-box');
    const mark = element('span', '■');
    mark.style.color = 'rgb(' + one.colour.join(',') + ')';
    const input = Object.assign(element('input'), { type: 'checkbox', checked: shown.has(one.name) });
    input.addEventListener('change', () => {
      shown[input.checked ? 'add' : 'delete'](one.name);
      planes.show(one.name, input.checked);
      heard.shown && heard.shown(shown);
    });
    label.append(input, mark, one.name);
    all.append(label);
  }
  heard.shown && heard.shown(shown);
  return all;
}

function choice(name, options, chosen) {
  const label = element('label', name ? name + ' ' : '');
  const select = element('select');
  select.append(...options.map(option => element('option', option)));
  select.addEventListener('change', () => chosen(select.value));
  label.append(select);
  label.select = select;
  return label;
}

function slider(name, value, moved) {
  const label = element('label', name ? name + ' ' : '');
  const input = Object.assign(element('input'), { type: 'range', min: 0, max: 1, step: 0.02, value });
  input.value = value;
  input.addEventListener('input', () => moved(Number(input.value)));
  label.append(input);
  label.input = input;
  return label;
}

function number(name, value, changed) {
  const input = Object.assign(element('input', '', 'skrt-look-number'), { type: 'number', value: Math.round(value * 100) / 100 });
  input.addEventListener('change', changed);
  return input;
}

function button(text, clicked) {
  const made = element('button', text);
  made.addEventListener('click', clicked);
  return made;
}
