/* Which clip the page shows when clips were asked for faster than the server answered. */

/** The clip asked for last, whatever the order in which the answers arrive. */
export class LatestClip {
  #shown = {clip: null, wish: 0};

  /** @param {function({hash: string, name: string, tab: string})} reopen Asks the server for a clip that it knows. */
  constructor(reopen) {
    this.reopen = reopen;
  }

  /** Take an answer and return whether it is the newest; after an older one the clip before it is asked for again. */
  accept(clip, wish) {
    if (wish < this.#shown.wish) {
      this.reopen(this.#shown.clip);
      return false;
    }
    this.#shown = {clip, wish};
    return true;
  }
}
