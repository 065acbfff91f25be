/* The texts of a component, which Python gives it in its template: see `labels_markup`. */

const LABELS = JSON.parse(element.querySelector('[data-labels]').dataset.labels);

/** A text with values in its braces. */
export function label(name, values = {}) {
  return LABELS[name].replace(/\{(\w+)\}/g, (_, key) => values[key]);
}

/** A button that shows a sign, with a name for those who do not see it. */
export function named(className, name, sign) {
  const control = document.createElement('button');
  control.type = 'button';
  control.className = className;
  control.textContent = sign;
  control.title = name;
  control.setAttribute('aria-label', name);
  return control;
}
