/* Search, choice of a task and order of the catalogue's rows. `element` holds the table, which is drawn anew now and then. */

const controls = document.querySelector('#catalogue-filter');
const order = {column: null, isDescending: false};

const rowsOf = () => [...element.querySelectorAll('tbody tr')];
const keyOf = (row, column) => {
  const {dataset, textContent} = row.cells[column];
  return dataset.sort === undefined ? textContent.trim().toLowerCase() : Number(dataset.sort);
};
const compare = (first, second) => (typeof first === 'number' ? first - second : first.localeCompare(second));

function filterRows() {
  const words = controls.querySelector('[type="search"]').value.toLowerCase().split(/\s+/).filter(Boolean);
  const task = controls.querySelector('select').value;
  const isNear = controls.querySelector('[type="checkbox"]').checked;
  let shown = 0;
  for (const row of rowsOf()) {
    const text = row.textContent.toLowerCase();
    row.hidden =
      !words.every(word => text.includes(word)) ||
      Boolean(task && !row.dataset.tasks.split(' ').includes(task)) ||
      (isNear && row.dataset.near !== 'true');
    shown += !row.hidden;
  }
  controls.querySelector('output').textContent = `${shown} of ${rowsOf().length} models`;
}

function sortRows() {
  const {column, isDescending} = order;
  if (column === null) return;
  const rows = rowsOf().sort((first, second) => compare(keyOf(first, column), keyOf(second, column)));
  if (isDescending) rows.reverse();
  element.querySelector('tbody').append(...rows);
  element.querySelectorAll('thead th').forEach((head, index) => {
    if (index === column) head.ariaSort = isDescending ? 'descending' : 'ascending';
    else head.removeAttribute('aria-sort');
  });
}

element.addEventListener('click', event => {
  const head = event.target.closest('thead th');
  if (!head) return;
  order.isDescending = order.column === head.cellIndex && !order.isDescending;
  order.column = head.cellIndex;
  sortRows();
});
controls.addEventListener('input', filterRows);

let drawn = null;
function prepareNewTable() {
  const body = element.querySelector('tbody');
  if (!body || body === drawn) return;
  drawn = body;
  sortRows();
  filterRows();
}

new MutationObserver(prepareNewTable).observe(element, {childList: true, subtree: true});
prepareNewTable();
