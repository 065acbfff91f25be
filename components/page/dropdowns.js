/* Gradio's dropdowns by keyboard and mouse, as people expect them from others. */

const DROPDOWN = 'input[role="combobox"]';
const LEAVING_KEYS = new Set(['Tab', 'Shift']);

const dropdownOf = event => (event.target instanceof Element ? event.target.closest(DROPDOWN) : null);
const listOf = input => document.getElementById(input.getAttribute('aria-controls'));

export function mendDropdowns() {
  // Any key opens Gradio's list, those too that leave it: it would stay open. A list that scrolls would be the next stop.
  const leave = event => {
    const input = LEAVING_KEYS.has(event.key) && dropdownOf(event);
    if (!input) return;
    event.stopImmediatePropagation();
    listOf(input)?.setAttribute('tabindex', '-1');
  };
  window.addEventListener('keydown', leave, {capture: true});

  // Gradio opens the list when the field gets the focus, and only then: after Esc a click does nothing.
  let entered = null;
  document.addEventListener('pointerdown', event => {
    const input = dropdownOf(event);
    if (!input) return;
    if (input === document.activeElement && !listOf(input)) input.blur();
    entered = input === document.activeElement ? null : input;
  });

  // What is typed replaces the choice instead of following it. A click sets the caret after the field has the focus.
  document.addEventListener('focusin', event => dropdownOf(event)?.select());
  document.addEventListener('click', event => {
    const input = dropdownOf(event);
    if (input && input === entered) input.select();
    entered = null;
  });
}
