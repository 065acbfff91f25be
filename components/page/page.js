/* What concerns the whole page. Gradio runs the joined modules once. */

import {scrollToResults} from './scroll_to_results.js';
import {announceTabs} from './tabs.js';

announceTabs();
scrollToResults();
