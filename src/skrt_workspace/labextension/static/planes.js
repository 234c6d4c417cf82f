/*
 * Images on NiiVue's canvas, with lines over it: three planes and 3D that belong together.
 *
 * The page (look.js) and a notebook's widget (notebook.js) show the same scene: images as addresses of NIfTI files on
 * one grid along the axes, layers of structures, a dose. Coordinates told are DICOM's (LPS); NiiVue counts in RAS.
 */
import { element } from './element.js';
import { Field, Outlines, deformation, isodoses, tiles } from './lines.js';
import { Pace, finish } from './pace.js';
import { Tools, lps } from './tools.js';

export const PLANES = { 'planes and 3D': 3, axial: 0, coronal: 1, sagittal: 2, '3D': 4 };
export const DOSE_OPACITY = 0.4;
const INSIDE = 31; // as in skrt_workspace.viewer.layers
const LAYER_OPACITY = 0.35; // over it are outlines; in 3D it is the structure
const SQUARES = 8;

/* Whether this browser draws WebGL 2. A page may have few contexts: none is kept for the question. */
export function possible() {
  const context = document.createElement('canvas').getContext('webgl2');
  lose(context);
  return Boolean(context);
}

function lose(context) {
  const extension = context && context.getExtension('WEBGL_lose_context');
  if (extension) {
    extension.loseContext();
  }
}

export class Planes {
  constructor(node, heard) {
    this.heard = heard;
    this.canvas = element('canvas');
    this.surface = element('canvas', '', 'skrt-look-lines');
    this.readout = element('p', '', 'skrt-look-readout');
    this.state = element('p', '', 'skrt-look-state');
    this.frame = element('div', '', 'skrt-look-frame');
    this.frame.append(this.canvas, this.surface);
    node.append(this.frame, this.readout, this.state);
    this.lines = true;
    this.bent = 'none';
    this.milliseconds = 0;
    this.sampled = 0;
  }

  async begin(scene) {
    const { Niivue } = await import('./niivue.js');
    this.scene = scene;
    const options = {
      backColor: [0, 0, 0, 1], show3Dcrosshair: true, isRadiologicalConvention: true, multiplanarForceRender: true,
      crosshairWidth: 1, isResizeCanvas: true, dragAndDropEnabled: false, loadingText: '', logLevel: 'error'
    };
    this.niivue = new Niivue(options);
    this.canvas.niivue = this.niivue; // for whoever looks into the page
    await this.niivue.attachToCanvas(this.canvas);
    this.pace = new Pace(this.niivue);
    this.tools = new Tools(this, this.heard);
    await this.niivue.loadVolumes(this.volumes(scene));
    this.outlines = scene.layers.map((layer, number) => {
      this.layer(number).setColormapLabel(layer.colours);
      return new Outlines(this.layer(number), INSIDE);
    });
    this.other = scene.other ? this.niivue.volumes[1] : null;
    this.unmixed = this.other ? this.other.img.slice() : null;
    this.dose = scene.dose ? new Field(this.niivue.volumes[this.doseNumber]) : null;
    this.niivue.updateGLVolume();
    this.niivue.setSliceType(PLANES['planes and 3D']);
    this.watchDrawing();
    this.niivue.onLocationChange = place => this.tell(place);
    if (scene.place) {
      this.niivue.scene.crosshairPos = this.niivue.mm2frac(lps(scene.place));
    }
    this.niivue.drawScene();
    this.niivue.createOnLocationChange();
  }

  volumes(scene) {
    const load = (image, more) => ({
      url: image.url, name: image.name, cal_min: image.low, cal_max: image.high, ...more
    });
    const found = [load(scene.image, { colormap: scene.image.colormap || 'gray' })];
    if (scene.other) {
      found.push(load(scene.other, { colormap: 'warm', opacity: 0.5 }));
    }
    this.doseNumber = found.length;
    if (scene.dose) {
      found.push(load(scene.dose, { colormap: 'jet', opacity: DOSE_OPACITY }));
    }
    this.firstLayer = found.length;
    found.push(...scene.layers.map(layer => load(layer, { opacity: LAYER_OPACITY })));
    return found;
  }

  layer(number) {
    return this.niivue.volumes[this.firstLayer + number];
  }

  /* Put another image in the place of a layer, or behind the last one. */
  async replace(number, layer) {
    const made = await this.niivue.addVolumeFromUrl({ url: layer.url, name: layer.name, opacity: LAYER_OPACITY });
    made.setColormapLabel(layer.colours);
    const old = number < this.scene.layers.length ? this.layer(number) : null;
    if (old) {
      this.niivue.removeVolume(old);
      this.niivue.setVolume(made, this.firstLayer + number);
    }
    this.scene.layers[number] = layer;
    this.outlines[number] = new Outlines(made, INSIDE);
    this.niivue.updateGLVolume();
  }

  cursor() {
    return [...this.niivue.frac2mm(this.niivue.scene.crosshairPos)].slice(0, 3);
  }

  /* To a place in DICOM's directions, told by a program: nobody is told again. */
  moveTo(place) {
    this.niivue.scene.crosshairPos = this.niivue.mm2frac(lps(place));
    this.niivue.drawScene();
    this.silent = true;
    this.niivue.createOnLocationChange();
    this.silent = false;
  }

  /* Lines follow every drawing. */
  watchDrawing() {
    const draw = this.niivue.drawScene.bind(this.niivue);
    this.niivue.drawScene = (...given) => {
      const begun = performance.now();
      this.pace.begin();
      const drawn = draw(...given);
      this.sample(begun);
      this.overlay();
      return drawn;
    };
  }

  sample(begun) {
    if (begun - this.sampled < 500) {
      return;
    }
    this.sampled = begun;
    finish(this.niivue.gl);
    this.milliseconds = performance.now() - begun;
    const bytes = this.niivue.volumes.reduce((sum, volume) => sum + volume.img.byteLength, 0);
    this.state.textContent = 'drawn in ' + Math.round(this.milliseconds) + ' ms, images take '
      + Math.round(bytes / 1048576) + ' MB';
  }

  /* What is drawn over the canvas. */
  overlay() {
    const { surface, canvas } = this;
    if (surface.width !== canvas.width || surface.height !== canvas.height) {
      surface.width = canvas.width;
      surface.height = canvas.height;
    }
    const context = surface.getContext('2d');
    context.clearRect(0, 0, surface.width, surface.height);
    this.pace.spread(context);
    context.lineWidth = Math.max(1, Math.round(surface.width / 900));
    context.font = 12 * context.lineWidth + 'px sans-serif';
    const cursor = this.cursor();
    for (const tile of tiles(this.niivue)) {
      context.save();
      context.beginPath();
      context.rect(...tile.box);
      context.clip();
      this.outlines.forEach((one, number) => one.draw(context, tile, cursor, this.scene.layers[number].colours));
      if (this.dose && this.lines) {
        isodoses(context, this.dose, this.scene.levels, this.scene.dose.high, tile, cursor);
      }
      if (this.scene.lattice && this.bent !== 'none') {
        deformation(context, this.scene.lattice, this.bent, tile, cursor);
      }
      this.tools.draw(context, tile, cursor);
      context.restore();
    }
  }

  /* Two images as one; `share` is of the other one, or where the slider stands. */
  mix(way, share) {
    const { other, unmixed, niivue } = this;
    const image = niivue.volumes[0];
    const [low, high] = [image.cal_min, image.cal_max];
    const [wide, tall, deep] = [1, 2, 3].map(axis => image.hdr.dims[axis]);
    const square = Math.ceil(Math.max(wide, tall) / SQUARES);
    this.mixed = [way, share];
    other.img.set(unmixed);
    const border = Math.round((1 - share) * wide);
    if (way === 'difference') {
      for (let number = 0; number < unmixed.length; number++) {
        const value = unmixed[number] - image.img[number];
        other.img[number] = Math.max(-32768, Math.min(32767, value));
      }
    } else if (way === 'checkerboard' || way === 'slider') {
      for (let line = 0; line < tall * deep; line++) {
        const start = line * wide;
        if (way === 'slider') {
          other.img.set(image.img.subarray(start, start + border), start);
          continue;
        }
        const odd = Math.floor(line % tall / square) + Math.floor(Math.floor(line / tall) / square);
        for (let from = odd % 2 * square; from < wide; from += 2 * square) {
          other.img.set(image.img.subarray(start + from, start + Math.min(from + square, wide)), start + from);
        }
      }
    }
    const half = (high - low) / 2;
    [other.cal_min, other.cal_max] = way === 'difference' ? [-half, half] : [low, high];
    niivue.setColormap(other.id, way === 'blend' ? 'warm' : 'gray');
    niivue.setOpacity(1, way === 'blend' ? share : 1);
    niivue.updateGLVolume();
  }

  window(low, high) {
    const image = this.niivue.volumes[0];
    [image.cal_min, image.cal_max] = [low, high];
    if (this.other) {
      this.mix(...(this.mixed || ['blend', this.other.opacity]));
    }
    this.niivue.updateGLVolume();
  }

  show(name, on) {
    this.scene.layers.forEach((layer, number) => {
      const index = layer.colours.labels.indexOf(name);
      if (index > 0) {
        layer.colours.A[index] = on ? 255 : 0;
        this.layer(number).setColormapLabel(layer.colours);
      }
    });
    this.niivue.updateGLVolume();
  }

  /* The names of the structures at the cursor. */
  inside(values) {
    return this.scene.layers.map((layer, number) => {
      const value = Math.round((values[this.firstLayer + number] || { value: 0 }).value);
      return layer.colours.labels[value > INSIDE ? value - INSIDE : value];
    }).filter(name => name);
  }

  tell(place) {
    const values = place.values || [];
    const words = [lps(place.mm).map(number => number.toFixed(1)).join(', ') + ' mm (LPS)'];
    const unit = this.scene.unit ? ' ' + this.scene.unit : '';
    words.push('image ' + round(values[0].value) + unit);
    if (this.other) {
      const frac = this.niivue.scene.crosshairPos;
      words.push('other ' + round(this.unmixed[this.index(this.other, frac)]) + unit);
    }
    const dose = this.scene.dose ? values[this.doseNumber].value : null;
    if (dose !== null) {
      words.push('dose ' + dose.toFixed(2) + ' Gy');
    }
    const structures = this.inside(values);
    if (this.scene.layers.length) {
      words.push(structures.join(', ') || 'in no structure');
    }
    this.readout.textContent = 'x, y, z: ' + words.join('   ');
    this.heard.place && this.heard.place(lps(place.mm), dose, this.silent === true);
  }

  /* Which number a place has in an image whose first axis runs to the patient's left, its second to the back. */
  index(volume, frac) {
    const [wide, tall, deep] = [1, 2, 3].map(axis => volume.hdr.dims[axis]);
    const inside = (share, size) => Math.min(size - 1, Math.max(0, Math.floor(share * size)));
    const [x, y, z] = [inside(1 - frac[0], wide), inside(1 - frac[1], tall), inside(frac[2], deep)];
    return x + wide * (y + tall * z);
  }

  hint(text) {
    this.state.textContent = text;
    this.sampled = performance.now() + 4000;
  }

  /* What is seen, as a file. */
  picture(name) {
    this.niivue.drawScene();
    const whole = element('canvas');
    Object.assign(whole, { width: this.canvas.width, height: this.canvas.height });
    const context = whole.getContext('2d');
    context.drawImage(this.canvas, 0, 0);
    context.drawImage(this.surface, 0, 0);
    const link = element('a');
    Object.assign(link, { href: whole.toDataURL('image/png'), download: name });
    link.click();
  }

  dispose() {
    this.pace && this.pace.stop();
    lose(this.canvas.getContext('webgl2'));
  }
}

function round(value) {
  return Math.round(value * 100) / 100;
}
