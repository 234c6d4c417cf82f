/*
 * What the pointer does on the planes besides moving the cursor: measuring, and drawing contours in the axial plane.
 */
import { tiles } from './lines.js';

const AXIAL = 2; // the axis through it

export class Tools {
  constructor(planes, heard) {
    this.planes = planes;
    this.heard = heard;
    this.tool = 'cursor';
    this.measures = [];
    this.line = null;
    const surface = planes.surface;
    surface.addEventListener('pointerdown', event => this.begin(event));
    surface.addEventListener('pointermove', event => this.move(event));
    surface.addEventListener('pointerup', () => this.end());
    surface.addEventListener('wheel', event => this.turn(event), { passive: false });
  }

  choose(tool) {
    this.tool = tool;
    this.measures = [];
    this.line = null;
    const surface = this.planes.surface;
    surface.style.pointerEvents = tool === 'cursor' ? 'none' : 'auto';
    surface.style.cursor = tool === 'cursor' ? '' : 'crosshair';
    this.planes.overlay();
  }

  where(event) {
    const surface = this.planes.surface;
    const box = surface.getBoundingClientRect();
    return [
      (event.clientX - box.left) * surface.width / box.width, (event.clientY - box.top) * surface.height / box.height
    ];
  }

  begin(event) {
    const [x, y] = this.where(event);
    const tile = tiles(this.planes.niivue).find(one => one.has(x, y));
    if (!tile) {
      return;
    }
    if (this.tool === 'draw' && tile.through !== AXIAL) {
      this.planes.hint('Contours are drawn in the axial plane.');
      return;
    }
    this.planes.surface.setPointerCapture(event.pointerId);
    this.line = { through: tile.through, points: [tile.place(x, y, this.planes.cursor())] };
  }

  move(event) {
    if (!this.line) {
      return;
    }
    const tile = tiles(this.planes.niivue).find(one => one.through === this.line.through);
    const events = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    for (const one of events.length ? events : [event]) {
      const place = tile.place(...this.where(one), this.planes.cursor());
      if (this.tool === 'measure') {
        this.line.points[1] = place;
      } else {
        this.line.points.push(place);
      }
    }
    this.planes.overlay();
  }

  end() {
    const line = this.line;
    this.line = null;
    if (!line || line.points.length < 2) {
      return;
    }
    if (this.tool === 'measure') {
      this.measures.push(line);
      this.heard.measured && this.heard.measured(line.points.map(lps), length(line));
      this.planes.hint(words(line) + ' from ' + line.points.map(at).join(' to ') + ' mm (LPS)');
    } else if (line.points.length > 2 && this.heard.stroke) {
      this.heard.stroke(line.points.map(lps));
    }
    this.planes.overlay();
  }

  turn(event) {
    event.preventDefault();
    const tile = tiles(this.planes.niivue).find(one => one.has(...this.where(event)));
    if (tile) {
      const step = [0, 0, 0];
      step[tile.through] = event.deltaY < 0 ? 1 : -1;
      this.planes.niivue.moveCrosshairInVox(...step);
    }
  }

  /* Called when a tile's lines are drawn. */
  draw(context, tile, cursor) {
    for (const line of [...this.measures, ...(this.line ? [this.line] : [])]) {
      const inPlane = line.through === tile.through && line.points.length > 1;
      if (!inPlane || Math.abs(line.points[0][tile.through] - cursor[tile.through]) > 2) {
        continue;
      }
      context.beginPath();
      context.strokeStyle = '#ffffff';
      line.points.forEach((point, number) => context[number ? 'lineTo' : 'moveTo'](...tile.pixel(point)));
      context.stroke();
      if (this.tool === 'measure') {
        const [x, y] = tile.pixel(line.points[1]);
        context.fillStyle = '#ffffff';
        context.fillText(words(line), x + 6, y - 4);
      }
    }
  }
}

export function lps(place) {
  return [-place[0], -place[1], place[2]];
}

function at(place) {
  return '(' + lps(place).map(number => number.toFixed(1)).join(', ') + ')';
}

function length(line) {
  return Math.hypot(...line.points[1].map((number, axis) => number - line.points[0][axis]));
}

function words(line) {
  return length(line).toFixed(1) + ' mm';
}
