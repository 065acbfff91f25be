/* The neighbours of a point, which Python sends to the map: 'audioscope:neighbours' {map, row, rows}. Gradio runs this once. */

watch('value', () => {
  window.dispatchEvent(new CustomEvent('audioscope:neighbours', {detail: props.value}));
});
