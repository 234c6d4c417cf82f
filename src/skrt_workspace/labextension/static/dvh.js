/*
 * Dose-volume curves of the structures that are shown, and where the dose under the cursor lies among them.
 */
const [WIDE, HIGH, LEFT, BELOW] = [330, 250, 34, 30];

export class Curves {
  constructor() {
    this.node = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    this.node.setAttribute('class', 'skrt-look-dvh');
    this.node.setAttribute('viewBox', '0 0 ' + WIDE + ' ' + HIGH);
    this.curves = [];
    this.shown = null;
    this.dose = null;
  }

  set(curves) {
    this.curves = curves;
    this.draw();
  }

  follow(shown, dose) {
    this.shown = shown;
    this.dose = dose;
    this.draw();
  }

  draw() {
    const most = Math.max(1e-6, ...this.curves.map(curve => curve.doses[curve.doses.length - 1]));
    const x = dose => LEFT + (WIDE - LEFT - 8) * dose / most;
    const y = percent => 8 + (HIGH - BELOW - 8) * (1 - percent / 100);
    const parts = [];
    for (const percent of [0, 25, 50, 75, 100]) {
      parts.push(line(x(0), y(percent), x(most), y(percent), 'skrt-dvh-grid'), words(4, y(percent) + 4, percent));
    }
    const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50].find(one => most / one <= 8) || most;
    for (let dose = 0; dose <= most; dose += step) {
      parts.push(line(x(dose), y(0), x(dose), y(0) + 3, 'skrt-dvh-grid'), words(x(dose) - 6, y(0) + 14, round(dose)));
    }
    parts.push(words(WIDE / 2 - 30, HIGH - 3, 'dose in Gy'), words(LEFT + 4, 18, '% of volume'));
    for (const curve of this.curves.filter(one => !this.shown || this.shown.has(one.name))) {
      const points = curve.doses.map((dose, number) => x(dose).toFixed(1) + ',' + y(curve.percent[number]).toFixed(1));
      const path = make('polyline', { points: points.join(' '), fill: 'none', stroke: rgb(curve.colour) });
      path.append(title(curve.name + ': mean ' + curve.mean.toFixed(1) + ' Gy'));
      parts.push(path);
    }
    if (this.dose !== null && this.dose > 0) {
      parts.push(line(x(this.dose), y(0), x(this.dose), y(100), 'skrt-dvh-here'));
    }
    this.node.replaceChildren(...parts);
  }
}

function rgb(colour) {
  return 'rgb(' + colour.join(',') + ')';
}

function round(number) {
  return Math.round(number * 100) / 100;
}

function make(kind, given) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', kind);
  for (const [name, value] of Object.entries(given)) {
    made.setAttribute(name, value);
  }
  return made;
}

function title(text) {
  const made = make('title', {});
  made.textContent = text;
  return made;
}

function line(x1, y1, x2, y2, kind) {
  return make('line', { x1, y1, x2, y2, class: kind });
}

function words(x, y, text) {
  const made = make('text', { x, y });
  made.textContent = text;
  return made;
}
