/*
 * Opens Gradio's page about the API at the address ?view=api.
 *
 * Gradio 6.31 loads that page only when its own footer button is pressed while the page is closed, and at this address it takes
 * the page for open: the first press closes it, the second one loads it.
 */

const API_BUTTON = 'footer button.show-api';

function openApiPage() {
  const button = document.querySelector(API_BUTTON);
  if (!button) return requestAnimationFrame(openApiPage);
  button.click();
  button.click();
}

if (new URLSearchParams(location.search).get('view') === 'api') openApiPage();
