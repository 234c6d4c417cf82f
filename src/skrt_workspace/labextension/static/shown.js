/*
 * A scene in the page: controls, planes, and beside them the dose-volume curves.
 */
import { Drawing, boxes, controls } from './controls.js';
import { Curves } from './dvh.js';
import { element } from './element.js';
import { Planes } from './planes.js';

/* Show a scene in `node`; `heard` is told of places and of what is drawn, and may be empty. */
export async function show(node, scene, heard = {}) {
  const [body, left] = [element('div', '', 'skrt-look-body'), element('div', '', 'skrt-look-left')];
  body.append(left);
  node.append(body);
  const curves = scene.curves && scene.curves.length ? new Curves() : null;
  let [names, dose] = [null, null];
  const told = {
    ...heard,
    place(place, there, silent) {
      dose = there;
      curves && curves.follow(names, dose);
      heard.place && !silent && heard.place(place);
    },
    shown(found) {
      names = found;
      curves && curves.follow(names, dose);
      heard.shown && heard.shown([...found]);
    },
    stroke: heard.stroke ? points => heard.stroke({ points, ...drawing.chosen }) : null
  };
  const known = scene.structures.map(one => one.name);
  const drawing = heard.stroke ? new Drawing(known, () => heard.undo()) : null;
  const planes = new Planes(left, told);
  await planes.begin(scene);
  const bar = controls(planes, told, drawing);
  node.prepend(bar);
  if (curves) {
    body.append(curves.node);
    curves.set(scene.curves);
  }
  node.dataset.ready = 'true';
  return {
    planes,
    /* Structures changed: their boxes and curves. */
    renew(structures, newCurves) {
      scene.structures = structures;
      bar.querySelector('.skrt-look-boxes').replaceWith(boxes(planes, told));
      curves && curves.set(newCurves);
    }
  };
}

const style = element('style', `
.skrt-look { display: flex; flex-direction: column; padding: 6px 10px; overflow: auto; height: 100%;
  box-sizing: border-box; color: var(--jp-ui-font-color1); font-size: var(--jp-ui-font-size1); }
.skrt-look h2 { font-size: 1.1em; margin: 2px 0; }
.skrt-look p { margin: 3px 0; }
.skrt-look table { border-collapse: collapse; align-self: flex-start; }
.skrt-look th, .skrt-look td { text-align: left; padding: 2px 14px 2px 0; vertical-align: top; white-space: pre-wrap; }
.skrt-look-refused { white-space: pre-wrap; max-width: 50em; }
.skrt-look-note, .skrt-look-state { color: var(--jp-ui-font-color2); }
.skrt-look-bar { display: flex; flex-wrap: wrap; gap: 2px 14px; align-items: center; padding: 3px 0; }
.skrt-look-boxes { display: flex; flex-wrap: wrap; gap: 2px 10px; }
.skrt-look-box span { padding: 0 3px; }
.skrt-look-number { width: 5em; }
.skrt-look-scene { display: flex; flex-direction: column; flex: 1 1 auto; }
.skrt-look-body { display: flex; flex: 1 1 auto; min-height: 320px; gap: 8px; }
.skrt-look-left { display: flex; flex-direction: column; flex: 1 1 auto; min-width: 0; }
.skrt-look-frame { flex: 1 1 auto; min-height: 320px; position: relative; background: black; }
.skrt-look-frame canvas { position: absolute; inset: 0; width: 100%; height: 100%; }
.skrt-look-frame .skrt-look-lines { pointer-events: none; }
.skrt-look-readout { min-height: 1.3em; font-family: var(--jp-code-font-family); white-space: pre-wrap; }
.skrt-look-state { min-height: 1.3em; }
.skrt-look-dvh { flex: 0 1 330px; align-self: flex-start; min-width: 220px; font-size: 10px; }
.skrt-look-dvh text { fill: var(--jp-ui-font-color1, #333); }
.skrt-look-dvh polyline { stroke-width: 1.6; }
.skrt-dvh-grid { stroke: var(--jp-border-color2, #ccc); stroke-width: 0.6; }
.skrt-dvh-here { stroke: var(--jp-ui-font-color1, #333); stroke-dasharray: 3 3; }
.skrt-study { display: flex; height: 100%; color: var(--jp-ui-font-color1); font-size: var(--jp-ui-font-size1); }
.skrt-study-tree { flex: 0 0 260px; overflow: auto; padding: 6px 8px; border-right: 1px solid var(--jp-border-color1); }
.skrt-study-tree h3 { font-size: 1em; margin: 8px 0 2px; }
.skrt-study-tree h4 { font-size: 1em; font-weight: normal; margin: 6px 0 2px; color: var(--jp-ui-font-color2); }
.skrt-study-look { flex: 1 1 auto; min-width: 0; }
.skrt-study-series { display: block; width: 100%; text-align: left; border: 0; background: none; padding: 3px 8px;
  color: inherit; cursor: pointer; }
.skrt-study-series:hover { background: var(--jp-layout-color2); }
.skrt-study-series.skrt-chosen { background: var(--jp-brand-color3); }
`);
document.head.append(style);
