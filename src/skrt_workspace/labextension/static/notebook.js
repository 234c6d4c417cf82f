/*
 * The viewer of a notebook: shows what the kernel sends (skrt_workspace.viewer.widget), and tells it what is done.
 *
 * Images come as messages, not as the widget's state, so that nothing of them gets into the notebook's file.
 */
import { element } from './element.js';
import { possible } from './planes.js';
import { show } from './shown.js';

const OFTEN = 60; // milliseconds between two places that are told

export function render({ model, el }) {
  const node = element('div', '', 'skrt-look');
  // At least so high: where controls and words need more lines, none is hidden.
  Object.assign(node.style, { height: 'auto', minHeight: model.get('height') + 'px' });
  el.append(node);
  let shown = null;
  let [waiting, last] = [null, 0];
  const addresses = [];
  const address = buffer => {
    addresses.push(URL.createObjectURL(new Blob([buffer])));
    return addresses[addresses.length - 1];
  };
  const heard = {
    place(place) {
      clearTimeout(waiting);
      const now = performance.now();
      waiting = setTimeout(() => {
        last = performance.now();
        model.send({ do: 'place', place });
      }, Math.max(0, OFTEN - (now - last)));
    },
    shown: names => model.send({ do: 'shown', names }),
    measured: (points, mm) => model.send({ do: 'measured', points, mm }),
    stroke: line => model.send({ do: 'stroke', ...line }),
    undo: () => model.send({ do: 'undo' })
  };

  async function heardOf(message, buffers) {
    if (message.is === 'scene' && !shown) {
      const scene = message.scene;
      for (const image of [scene.image, scene.other, scene.dose, ...scene.layers].filter(Boolean)) {
        image.url = address(buffers[image.buffer]);
      }
      shown = await show(node, scene, heard);
    } else if (message.is === 'picture') {
      picture(node, model, message, address(buffers[0]));
    } else if (message.is === 'told') {
      shown && shown.planes.hint(message.text);
    } else if (shown && message.is === 'place') {
      shown.planes.moveTo(message.place);
    } else if (shown && message.is === 'layers') {
      for (const [number, layer] of message.layers) {
        layer.url = address(buffers[layer.buffer]);
        await shown.planes.replace(number, layer);
      }
      shown.renew(message.structures, message.curves);
    }
  }

  let order = Promise.resolve();
  model.on('msg:custom', (message, buffers) => {
    order = order.then(() => heardOf(message, buffers)).catch(error => {
      node.append(element('p', 'The viewer cannot go on: ' + String(error.message || error), 'skrt-look-refused'));
    });
  });
  model.send({ do: possible() ? 'begin' : 'picture' });
  return () => {
    shown && shown.planes.dispose();
    addresses.forEach(one => URL.revokeObjectURL(one));
  };
}

/* Without WebGL: pictures that the kernel draws, and three sliders to go through them. */
function picture(node, model, message, url) {
  const why = 'This browser has no WebGL 2: the kernel draws pictures instead.';
  if (!node.querySelector('img')) {
    const bar = element('div', '', 'skrt-look-bar');
    const ask = () => model.send({ do: 'picture', place: inputs.map(input => Number(input.value)) });
    const inputs = ['x', 'y', 'z'].map((name, axis) => {
      const label = element('label', name + ' ');
      const input = Object.assign(element('input'), { type: 'range', step: 'any' });
      [input.min, input.max, input.value] = [message.least[axis], message.most[axis], message.place[axis]];
      input.addEventListener('change', ask);
      label.append(input);
      bar.append(label);
      return input;
    });
    node.append(element('p', why, 'skrt-look-note'), bar, element('img'), element('p', '', 'skrt-look-readout'));
    node.style.minHeight = '';
  }
  node.querySelector('img').src = url;
  node.querySelector('.skrt-look-readout').textContent = message.text;
  node.dataset.ready = 'true';
}
