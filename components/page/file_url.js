/* Addresses of files that Gradio serves. */

/** The address of a file that Gradio serves, also below another path. */
export function fileUrl(path) {
  const base = (window.gradio_config?.root || location.origin + location.pathname).replace(/\/?$/, '/');
  return base + path.replace(/^\//, '');
}
