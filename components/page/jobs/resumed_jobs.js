/* Events that Python asks for: a job that goes on after the page was loaded again is shown by one. Gradio runs this once. */

watch('value', () => {
  for (const name of props.value?.events ?? []) trigger(name, {});
});
