/* The report of a bundle: draws the data of the page, as text and pixels alone, and follows the sound. */

(() => {
  'use strict';

  const data = JSON.parse(document.getElementById('data').textContent);
  const audio = document.querySelector('audio');
  const parts = document.getElementById('parts');
  const SKIP_SECONDS = 5;
  const ROW_PIXELS = 26;
  const WAVE_PIXELS = 56;
  const ROLL_PIXELS = 96;
  const MIN_SPAN_SECONDS = 0.5;
  const TRAIL_FRAMES = 12;
  const view = {start: 0, end: data.duration};
  const followers = []; // called with the time of the sound, in seconds
  const painters = []; // draw the canvases anew
  let at = 0;

  function add(parent, tag, text = '', name = '') {
    const made = document.createElement(tag);
    if (text !== '') made.textContent = text;
    if (name) made.className = name;
    parent.append(made);
    return made;
  }

  function section(title) {
    const made = add(parts, 'section');
    made.setAttribute('aria-label', title);
    const bar = add(made, 'div', '', 'bar');
    add(bar, 'h2', title);
    return {made, bar};
  }

  function clock(seconds) {
    const whole = Math.floor(seconds);
    const rest = String(whole % 60).padStart(2, '0');
    const minutes = Math.floor(whole / 60);
    return minutes < 60 ? `${minutes}:${rest}` : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:${rest}`;
  }

  function seek(seconds, play = false) {
    const time = Math.min(Math.max(seconds, 0), data.duration);
    if (audio) audio.currentTime = time;
    if (audio && play) audio.play();
    follow(time);
  }

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  /** A canvas of this height in pixels; null for the height that the style sheet gives. */
  function canvas(parent, label, height, paint) {
    const made = add(parent, 'canvas');
    made.setAttribute('role', 'img');
    made.setAttribute('aria-label', label);
    if (height) made.style.height = `${height}px`;
    painters.push(() => {
      const box = made.getBoundingClientRect();
      const scale = window.devicePixelRatio || 1;
      made.width = Math.max(1, Math.round(box.width * scale));
      made.height = Math.max(1, Math.round(box.height * scale));
      const pen = made.getContext('2d');
      pen.scale(scale, scale);
      pen.font = '12px system-ui, sans-serif';
      pen.textBaseline = 'middle';
      paint(pen, box.width, box.height);
    });
    return made;
  }

  function paintAll() {
    for (const paint of painters) paint();
  }

  const x = (time, width) => ((time - view.start) / (view.end - view.start)) * width;

  function paintPlayhead(pen, width, height) {
    pen.fillStyle = colour('--accent');
    pen.fillRect(x(at, width) - 0.5, 0, 1.5, height);
  }

  function paintWave(pen, width, height) {
    pen.fillStyle = colour('--wave');
    const {peaks} = data;
    for (let pixel = 0; pixel < width; pixel += 1) {
      const time = view.start + (pixel / width) * (view.end - view.start);
      const peak = peaks[Math.min(peaks.length - 1, Math.floor((time / data.duration) * peaks.length))] / 100;
      const tall = Math.max(1, peak * height);
      pen.fillRect(pixel, (height - tall) / 2, 1, tall);
    }
    paintPlayhead(pen, width, height);
  }

  /** Draw labels [start, end, text]; instants become ticks. */
  function paintLabels(items, pen, width, height) {
    for (const [start, end, text] of items) {
      if (end < view.start || start > view.end) continue;
      const left = x(start, width);
      const wide = Math.max(1.5, x(end, width) - left - 1);
      pen.fillStyle = colour(end > start ? '--label' : '--wave');
      pen.fillRect(left, 3, wide, height - 6);
      if (wide < 14) continue;
      pen.save();
      pen.beginPath();
      pen.rect(left, 0, wide - 2, height);
      pen.clip();
      pen.fillStyle = colour('--ink');
      pen.fillText(text, Math.max(left, 0) + 4, height / 2);
      pen.restore();
    }
    paintPlayhead(pen, width, height);
  }

  /** Draw notes [start, end, pitch], the highest at the top. */
  function paintNotes(pen, width, height) {
    const pitches = data.notes.map(([, , pitch]) => pitch);
    const lowest = Math.min(...pitches);
    const step = height / (Math.max(...pitches) - lowest + 1);
    pen.fillStyle = colour('--wave');
    for (const [start, end, pitch] of data.notes) {
      const left = x(start, width);
      pen.fillRect(left, height - (pitch - lowest + 1) * step, Math.max(1.5, x(end, width) - left), Math.max(1.5, step));
    }
    paintPlayhead(pen, width, height);
  }

  function zoom(factor, middle = at) {
    const span = Math.min(data.duration, Math.max(MIN_SPAN_SECONDS, (view.end - view.start) * factor));
    view.start = Math.min(Math.max(0, middle - span / 2), data.duration - span);
    view.end = view.start + span;
    paintAll();
  }

  function keepInView() {
    const span = view.end - view.start;
    if (span >= data.duration || (at >= view.start && at <= view.end)) return;
    view.start = Math.min(Math.max(0, at), data.duration - span);
    view.end = view.start + span;
  }

  function buildTracks() {
    const {made, bar} = section('Tracks');
    for (const [sign, label, factor] of [
      ['−', 'Zoom out', 2],
      ['+', 'Zoom in', 0.5],
    ]) {
      const button = add(bar, 'button', sign);
      button.setAttribute('aria-label', label);
      button.addEventListener('click', () => zoom(factor));
    }
    const rows = [['Sound', WAVE_PIXELS, paintWave]];
    if (data.notes.length) rows.push(['Notes', ROLL_PIXELS, paintNotes]);
    for (const {name, items} of data.tracks) {
      rows.push([name, ROW_PIXELS, (...canvasOf) => paintLabels(items, ...canvasOf)]);
    }
    for (const [name, height, paint] of rows) {
      const row = add(made, 'div', '', 'track');
      add(row, 'span', name);
      const drawn = canvas(row, name, height, paint);
      drawn.addEventListener('click', event => {
        const box = drawn.getBoundingClientRect();
        seek(view.start + ((event.clientX - box.left) / box.width) * (view.end - view.start));
      });
    }
  }

  function buildTexts() {
    if (!data.facts.length && !data.caption) return;
    const {made} = section('What was measured');
    if (data.caption) add(made, 'p', data.caption).dir = 'auto';
    table(made, data.facts);
  }

  function table(parent, rows, name = '') {
    const body = add(add(parent, 'table', '', name), 'tbody');
    for (const [head, ...cells] of rows) {
      const row = add(body, 'tr');
      add(row, 'th', head).scope = 'row';
      for (const cell of cells) add(row, 'td', cell);
    }
  }

  function buildLines() {
    if (!data.lines.length) return;
    const list = add(section('Transcript').made, 'ol', '', 'lines');
    const shown = data.lines.map(line => {
      const button = add(add(list, 'li'), 'button', '', 'line');
      button.type = 'button';
      add(button, 'time', clock(line.start));
      const text = add(button, 'span');
      text.dir = 'auto';
      if (line.voice) add(text, 'b', `${line.voice}: `);
      const words = line.words.map(([start, end, word]) => ({start, end, span: add(text, 'span', word)}));
      if (!words.length) add(text, 'span', line.text);
      button.addEventListener('click', () => seek(line.start, true));
      return {...line, button, words};
    });
    let before = null;
    followers.push(time => {
      const now = shown.find(line => time >= line.start && time < line.end) ?? null;
      if (now !== before) {
        before?.button.classList.remove('now');
        now?.button.classList.add('now');
        for (const word of before?.words ?? []) word.span.classList.remove('word-now');
        if (now) list.scrollTop += now.button.getBoundingClientRect().top - list.getBoundingClientRect().top - 80;
        before = now;
      }
      for (const word of now?.words ?? []) {
        word.span.classList.toggle('word-now', time >= word.start && time < word.end);
      }
    });
  }

  function buildPictures() {
    if (!data.pictures.length) return;
    const list = add(section('Pictures').made, 'div', '', 'pictures');
    for (const picture of data.pictures) {
      const button = add(list, 'button');
      button.type = 'button';
      const image = add(button, 'img');
      image.src = picture.source;
      image.alt = picture.words;
      add(button, 'p', `${clock(picture.start)}–${clock(picture.end)} · seed ${picture.seed} · ${picture.words}`, 'soft');
      button.addEventListener('click', () => seek(picture.start, true));
    }
  }

  function buildQuestions() {
    if (!data.questions.length) return;
    const {made} = section('Questions');
    for (const {question, answer, by} of data.questions) {
      add(add(made, 'p'), 'b', question).dir = 'auto';
      add(made, 'p', answer).dir = 'auto';
      add(made, 'p', by, 'soft');
    }
  }

  /** The index of the frame that sounds at a time; the times ascend. */
  function frameAt(times, time) {
    let low = 0;
    let high = times.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (times[middle] <= time) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  function buildMap() {
    const {map} = data;
    if (!map) return;
    const {made} = section('Map');
    add(made, 'p', map.title, 'soft');
    const place = (point, width, height) => {
      const reach = Math.min(width, height) / 2 - 12;
      return [width / 2 + point[0] * reach, height / 2 - point[1] * reach];
    };
    const dot = (pen, [left, top], radius, fill) => {
      pen.beginPath();
      pen.arc(left, top, radius, 0, 2 * Math.PI);
      pen.fillStyle = fill;
      pen.fill();
    };
    const drawn = canvas(made, 'Map of the sound: frames that are alike lie close', null, (pen, width, height) => {
      map.points.forEach((point, index) => dot(pen, place(point, width, height), 3, map.palette[map.colours[index]]));
      const now = frameAt(map.times, at);
      for (let index = Math.max(0, now - TRAIL_FRAMES); index < now; index += 1) {
        dot(pen, place(map.points[index], width, height), 4, colour('--wave'));
      }
      dot(pen, place(map.points[now], width, height), 9, colour('--card'));
      dot(pen, place(map.points[now], width, height), 7, colour('--accent'));
    });
    drawn.classList.add('map');
    drawn.addEventListener('click', event => {
      const box = drawn.getBoundingClientRect();
      let best = 0;
      let least = Infinity;
      map.points.forEach((point, index) => {
        const [left, top] = place(point, box.width, box.height);
        const far = Math.hypot(left - (event.clientX - box.left), top - (event.clientY - box.top));
        if (far < least) [best, least] = [index, far];
      });
      seek(map.times[best], true);
    });
  }

  function buildModels() {
    const {made} = section('Models and licences');
    table(made, data.models, 'models');
    add(made, 'p', data.about, 'soft');
  }

  function follow(time) {
    at = time;
    keepInView();
    for (const follower of followers) follower(time);
    paintAll();
  }

  function changeTheme() {
    const isDark = getComputedStyle(document.documentElement).colorScheme === 'dark';
    document.documentElement.dataset.theme = isDark ? 'light' : 'dark';
    paintAll();
  }

  function pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const isOnButton = event.target.closest('button, audio') !== null;
    const actions = {
      ' ': () => (audio?.paused ? audio.play() : audio?.pause()),
      ArrowLeft: () => seek(at - SKIP_SECONDS),
      ArrowRight: () => seek(at + SKIP_SECONDS),
      Home: () => seek(0),
      '+': () => zoom(0.5),
      '-': () => zoom(2),
      d: changeTheme,
    };
    if (!(event.key in actions) || (event.key === ' ' && isOnButton) || event.target === audio) return;
    event.preventDefault();
    actions[event.key]();
  }

  function playing() {
    follow(audio.currentTime);
    if (!audio.paused) requestAnimationFrame(playing);
  }

  buildTexts();
  buildTracks();
  buildLines();
  buildPictures();
  buildMap();
  buildQuestions();
  buildModels();
  document.getElementById('theme').addEventListener('click', changeTheme);
  document.addEventListener('keydown', pressed);
  window.addEventListener('resize', paintAll);
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', paintAll);
  audio?.addEventListener('play', playing);
  audio?.addEventListener('seeked', () => follow(audio.currentTime));
  audio?.addEventListener('timeupdate', () => follow(audio.currentTime));
  paintAll();
})();
