/* Lists that the browser stores for a part of the page, each with the version of its entries' form. */

/** A list in the browser's storage. One that a newer version of Audioscope wrote is neither read nor replaced. */
export class StoredList {
  #key;
  #version;
  #storage;
  #unstored = []; // the list of this page, beside one of a newer version

  constructor(key, version, storage = localStorage) {
    this.#key = key;
    this.#version = version;
    this.#storage = storage;
  }

  /** Whether a newer version wrote the stored list; changes then last as long as the page. */
  isNewer() {
    return this.#stored().version > this.#version;
  }

  read() {
    const {version, entries} = this.#stored();
    return version > this.#version ? this.#unstored : entries;
  }

  write(entries) {
    if (this.isNewer()) this.#unstored = entries;
    else this.#storage.setItem(this.#key, JSON.stringify({version: this.#version, entries}));
  }

  /** The stored list with its version; what is damaged counts as empty, and a list alone is from before there were versions. */
  #stored() {
    const read = parsed(this.#storage.getItem(this.#key));
    const entries = Array.isArray(read) ? read : read?.entries;
    return {version: Number(read?.version ?? 0), entries: Array.isArray(entries) ? entries.filter(isObject) : []};
  }
}

const isObject = value => typeof value === 'object' && value !== null;

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
