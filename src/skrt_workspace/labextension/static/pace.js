/*
 * Keeps turning and scrolling quick where the processor draws: 3D is drawn with fewer pixels while something moves, and
 * better when it rests. A graphics card draws every pixel, always.
 */
const MOVING = 35; // milliseconds that 3D may take
const RESTING = 400;
const REST = 300;
const MOST = 10;

export class Pace {
  constructor(niivue) {
    this.niivue = niivue;
    this.cost = null; // of every pixel, in milliseconds
    this.coarse = null; // what was drawn with fewer pixels, and the tile that it belongs to
    this.kept = document.createElement('canvas');
    this.resting = false;
    this.last = 0;
    const draw = niivue.draw3D.bind(niivue);
    niivue.draw3D = (box = [0, 0, 0, 0], ...more) => this.draw(draw, box, more);
  }

  /* Before each drawing: 3D may not be among what is shown now. */
  begin() {
    this.coarse = null;
  }

  draw(draw, box, more) {
    const { canvas } = this.niivue.gl;
    const whole = box[2] && box[3] ? [...box] : [0, 0, canvas.width, canvas.height];
    const factor = this.niivue.uiData.mouseDepthPicker ? 1 : this.factor();
    this.used = factor;
    const [left, top, wide, high] = whole;
    const small = [left, top, Math.ceil(wide / factor), Math.ceil(high / factor)];
    const begun = performance.now();
    const drawn = draw([...small], ...more);
    const tile = this.niivue.screenSlices.find(slice => slice.axCorSag === 4);
    if (tile) {
      tile.leftTopWidthHeight = whole;
    }
    if (factor > 1 || begun - this.last > 500 || this.cost === null) {
      finish(this.niivue.gl);
      this.cost = (performance.now() - begun) * factor * factor;
    }
    this.last = performance.now();
    this.coarse = factor > 1 ? this.keep(small, whole) : null;
    if (factor > 1 && !this.resting) {
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => this.rest(), REST);
    }
    return drawn;
  }

  factor() {
    if (this.cost === null) {
      return 4;
    }
    const time = this.resting ? RESTING : MOVING;
    return Math.min(MOST, Math.max(1, Math.ceil(Math.sqrt(this.cost / time))));
  }

  rest() {
    this.resting = true;
    this.niivue.drawScene();
    if (this.factor() < this.used) {
      this.niivue.drawScene(); // few pixels make their cost look higher than it is
    }
    this.resting = false;
  }

  /* A copy of what was drawn small, without its border, which may have pixels of the next tile. */
  keep(small, whole) {
    const [left, top] = small.map(Math.ceil);
    const [wide, high] = [Math.max(1, Math.floor(small[2]) - 2), Math.max(1, Math.floor(small[3]) - 2)];
    Object.assign(this.kept, { width: wide, height: high });
    this.kept.getContext('2d').drawImage(this.niivue.gl.canvas, left + 1, top + 1, wide, high, 0, 0, wide, high);
    return whole;
  }

  /* Put what was drawn small over its whole tile. */
  spread(context) {
    if (this.coarse) {
      context.drawImage(this.kept, ...this.coarse);
    }
  }

  stop() {
    clearTimeout(this.waiting);
  }
}

/* Wait until everything is drawn. */
export function finish(gl) {
  gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
}
