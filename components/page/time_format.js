/* Times as a person reads them and as a screen reader speaks them. */

/** Seconds as a person reads them, 1:02:03.4; `digits` after the point. */
export function clock(seconds, digits = 1) {
  const unit = 10 ** digits;
  const ticks = Math.round(Math.max(seconds, 0) * unit);
  const whole = Math.floor(ticks / unit);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const fraction = digits ? '.' + String(ticks % unit).padStart(digits, '0') : '';
  return (h ? `${h}:${String(m).padStart(2, '0')}` : m) + ':' + String(s).padStart(2, '0') + fraction;
}

/** Seconds as a screen reader speaks them. */
export function spokenTime(seconds) {
  const minutes = Math.floor(seconds / 60);
  const rest = `${(seconds - 60 * minutes).toFixed(1)} seconds`;
  return minutes ? `${minutes} minute${minutes > 1 ? 's' : ''} ${rest}` : rest;
}
