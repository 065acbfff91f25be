/* The list of the library's clips. Events to Python: renamed {hash, name}, deleted {hash}. */

const SURE_MS = 5000;
let focused = null; // hash of the clip whose button gets the focus in the next list

function rowOf(hash) {
  return element.querySelector(`tr[data-hash="${hash}"]`);
}

function edit(row) {
  const shown = row.querySelector('.library-name');
  const field = document.createElement('input');
  field.value = row.dataset.name;
  field.maxLength = 200;
  field.setAttribute('aria-label', `New name of ${row.dataset.name}`);
  const before = [...shown.childNodes];
  const button = row.querySelector('[data-action=rename]');
  field.addEventListener('keydown', event => {
    if (event.key === 'Enter') save(row);
    if (event.key !== 'Escape') return;
    shown.replaceChildren(...before);
    button.textContent = 'Rename';
    button.focus();
  });
  shown.replaceChildren(field);
  button.textContent = 'Save';
  field.select();
}

function save(row) {
  const {hash} = row.dataset;
  const name = row.querySelector('input').value.trim();
  if (!name) return row.querySelector('input').focus();
  focused = hash;
  trigger('renamed', {hash, name});
}

/** Ask with the button itself: the second press within some seconds deletes. */
function remove(row, button) {
  if (button.dataset.sure) return trigger('deleted', {hash: row.dataset.hash});
  button.dataset.sure = 'true';
  button.textContent = 'Delete for everyone';
  setTimeout(() => {
    delete button.dataset.sure;
    button.textContent = 'Delete';
  }, SURE_MS);
}

element.addEventListener('click', event => {
  const button = event.target.closest('[data-action]');
  const row = button?.closest('tr');
  if (!row) return;
  const {hash, name} = row.dataset;
  if (button.dataset.action === 'open') window.dispatchEvent(new CustomEvent('audioscope:open', {detail: {hash, name}}));
  else if (button.dataset.action === 'delete') remove(row, button);
  else if (row.querySelector('input')) save(row);
  else edit(row);
});
watch('value', () => {
  rowOf(focused)?.querySelector('[data-action=rename]').focus();
  focused = null;
});
