/*
 * Lines over NiiVue's planes: where a tile of the canvas is in the patient, isodose lines, and a deformation.
 *
 * Places here are in NiiVue's directions (RAS, mm), and pixels those of the canvas.
 */

/* The tiles that show a plane: which axes they show, and the way from mm to pixels and back. */
export function tiles(niivue) {
  const found = [];
  for (const slice of niivue.screenSlices) {
    if (slice.axCorSag > 2 || slice.AxyzMxy.length < 4) {
      continue;
    }
    const axes = [[0, 1], [0, 2], [1, 2]][slice.axCorSag];
    const [left, top, wide, high] = slice.leftTopWidthHeight;
    const turned = wide < 0;
    const [from, across] = [turned ? left + wide : left, Math.abs(wide)];
    const [mm, size] = [slice.leftTopMM, slice.fovMM];
    found.push({
      axes,
      through: 3 - axes[0] - axes[1],
      box: [from, top, across, high],
      has: (x, y) => x >= from && x <= from + across && y >= top && y <= top + high,
      pixel(place) {
        const share = (place[axes[0]] - mm[0]) / size[0];
        return [from + across * (turned ? 1 - share : share), top + high * (1 - (place[axes[1]] - mm[1]) / size[1])];
      },
      place(x, y, cursor) {
        const share = (x - from) / across;
        const point = [...cursor];
        point[axes[0]] = mm[0] + size[0] * (turned ? 1 - share : share);
        point[axes[1]] = mm[1] + size[1] * (1 - (y - top) / high);
        return point;
      }
    });
  }
  return found;
}

/* Values on an even grid along the axes, as a volume of NiiVue holds them. */
export class Field {
  constructor(volume) {
    this.values = volume.img;
    this.size = [1, 2, 3].map(axis => volume.hdr.dims[axis]);
    this.step = [0, 1, 2].map(axis => volume.hdr.affine[axis][axis]);
    this.origin = [0, 1, 2].map(axis => volume.hdr.affine[axis][3]);
  }

  /* The plane at a place along an axis, linear between the two next to it; null outside. */
  plane(through, place, axes) {
    const where = (place - this.origin[through]) / this.step[through];
    if (where < -0.5 || where > this.size[through] - 0.5) {
      return null;
    }
    const low = Math.min(Math.max(Math.floor(where), 0), this.size[through] - 1);
    const high = Math.min(low + 1, this.size[through] - 1);
    const share = Math.min(Math.max(where - low, 0), 1);
    const strides = [1, this.size[0], this.size[0] * this.size[1]];
    const [wide, tall] = axes.map(axis => this.size[axis]);
    const values = new Float32Array(wide * tall);
    for (let row = 0; row < tall; row++) {
      for (let column = 0; column < wide; column++) {
        const base = column * strides[axes[0]] + row * strides[axes[1]];
        const one = this.values[base + low * strides[through]];
        values[row * wide + column] = one + share * (this.values[base + high * strides[through]] - one);
      }
    }
    return { values, wide, tall, at: (axis, index) => this.origin[axis] + this.step[axis] * index };
  }
}

/* Draw the lines along which a plane has a value, by marching squares. */
function contour(context, plane, level, tile) {
  const { values, wide, tall } = plane;
  const point = [0, 0, 0];
  const corner = (column, row) => {
    point[tile.axes[0]] = plane.at(tile.axes[0], column);
    point[tile.axes[1]] = plane.at(tile.axes[1], row);
    return tile.pixel(point);
  };
  for (let row = 0; row + 1 < tall; row++) {
    for (let column = 0; column + 1 < wide; column++) {
      const start = row * wide + column;
      const [a, b, c, d] = [values[start], values[start + 1], values[start + wide + 1], values[start + wide]];
      const above = (a >= level) + (b >= level) + (c >= level) + (d >= level);
      if (above === 0 || above === 4) {
        continue;
      }
      const ends = [];
      const cross = (one, two, x, y, dx, dy) => {
        if ((one >= level) !== (two >= level)) {
          const share = (level - one) / (two - one);
          ends.push(corner(column + x + share * dx, row + y + share * dy));
        }
      };
      cross(a, b, 0, 0, 1, 0);
      cross(b, c, 1, 0, 0, 1);
      cross(c, d, 1, 1, -1, 0);
      cross(d, a, 0, 1, 0, -1);
      for (let number = 0; number + 1 < ends.length; number += 2) {
        context.moveTo(...ends[number]);
        context.lineTo(...ends[number + 1]);
      }
    }
  }
}

export function isodoseColour(level, most) {
  return 'hsl(' + Math.round(240 * (1 - level / most)) + ', 100%, 60%)';
}

export function isodoses(context, field, levels, most, tile, cursor) {
  const plane = field.plane(tile.through, cursor[tile.through], tile.axes);
  if (!plane) {
    return;
  }
  for (const level of levels) {
    context.beginPath();
    context.strokeStyle = isodoseColour(level, most);
    contour(context, plane, level, tile);
    context.stroke();
  }
}

/* Outlines of the structures of a layer, from its labels: `inside` higher for the voxels that are not at a surface. */
export class Outlines {
  constructor(volume, inside) {
    this.field = new Field(volume);
    this.inside = inside;
    this.boxes = new Map();
    const { values, size } = this.field;
    let index = 0;
    for (let z = 0; z < size[2]; z++) {
      for (let y = 0; y < size[1]; y++) {
        for (let x = 0; x < size[0]; x++) {
          const label = values[index++];
          if (label > 0 && label <= inside) {
            this.widen(label, [x, y, z]);
          }
        }
      }
    }
  }

  widen(label, place) {
    const box = this.boxes.get(label);
    if (!box) {
      this.boxes.set(label, [[...place], [...place]]);
      return;
    }
    place.forEach((one, axis) => {
      box[0][axis] = Math.min(box[0][axis], one);
      box[1][axis] = Math.max(box[1][axis], one);
    });
  }

  draw(context, tile, cursor, colours) {
    const { field } = this;
    const level = Math.round((cursor[tile.through] - field.origin[tile.through]) / field.step[tile.through]);
    for (const [label, [least, most]] of this.boxes) {
      if (colours.A[label] && level >= least[tile.through] && level <= most[tile.through]) {
        context.beginPath();
        context.strokeStyle = 'rgb(' + [colours.R[label], colours.G[label], colours.B[label]].join(',') + ')';
        contour(context, this.mask(label, least, most, level, tile), 0.5, tile);
        context.stroke();
      }
    }
  }

  /* Inside or not, in a frame one voxel wider than the structure. */
  mask(label, least, most, level, tile) {
    const { values: all, size, origin, step } = this.field;
    const [across, down] = tile.axes;
    const strides = [1, size[0], size[0] * size[1]];
    const [wide, tall] = tile.axes.map(axis => most[axis] - least[axis] + 3);
    const values = new Uint8Array(wide * tall);
    for (let row = 1; row < tall - 1; row++) {
      const start = level * strides[tile.through] + (least[down] + row - 1) * strides[down];
      for (let column = 1; column < wide - 1; column++) {
        const found = all[start + (least[across] + column - 1) * strides[across]];
        values[row * wide + column] = found === label || found === label + this.inside ? 1 : 0;
      }
    }
    return { values, wide, tall, at: (axis, index) => origin[axis] + step[axis] * (least[axis] + index - 1) };
  }
}

/* A deformation on a lattice (in DICOM's directions): arrows to where points go, or the lattice as it goes there. */
export function deformation(context, lattice, kind, tile, cursor) {
  const ny = lattice.shape[1];
  const through = tile.through;
  const sign = [-1, -1, 1];
  const near = Math.round((cursor[through] * sign[through] - lattice.origin[through]) / lattice.step);
  const level = Math.min(Math.max(near, 0), lattice.shape[through] - 1);
  const ends = (column, row) => {
    const index = [0, 0, 0];
    index[through] = level;
    index[tile.axes[0]] = column;
    index[tile.axes[1]] = row;
    const start = 3 * (index[2] + lattice.shape[2] * (index[1] + ny * index[0]));
    const from = index.map((one, axis) => sign[axis] * (lattice.origin[axis] + lattice.step * one));
    const to = from.map((one, axis) => one + sign[axis] * lattice.moves[start + axis]);
    return [tile.pixel(from), tile.pixel(to)];
  };
  const [wide, tall] = tile.axes.map(axis => lattice.shape[axis]);
  context.beginPath();
  context.strokeStyle = kind === 'arrows' ? '#ffe34d' : '#7fe7ff';
  for (let row = 0; row < tall; row++) {
    for (let column = 0; column < wide; column++) {
      const [from, to] = ends(column, row);
      if (kind === 'arrows') {
        arrow(context, from, to);
        continue;
      }
      for (const [next, side] of [[column + 1, row], [column, row + 1]]) {
        if (next < wide && side < tall) {
          context.moveTo(...to);
          context.lineTo(...ends(next, side)[1]);
        }
      }
    }
  }
  context.stroke();
}

function arrow(context, from, to) {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const length = Math.hypot(dx, dy);
  if (length < 1) {
    return;
  }
  context.moveTo(...from);
  context.lineTo(...to);
  const head = Math.min(6, length / 2) / length;
  for (const side of [-0.5, 0.5]) {
    context.moveTo(...to);
    context.lineTo(to[0] - head * (dx + side * dy), to[1] - head * (dy - side * dx));
  }
}
