/* The texts of a component, which Python gives it. */

/** A text with values in its braces. */
export function label(name, values = {}) {
  return props.labels[name].replace(/\{(\w+)\}/g, (_, key) => values[key]);
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
