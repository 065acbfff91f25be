/* What concerns the whole page. Gradio runs the joined modules once. */

import {listenToKeys} from './keys.js';
import {scrollToResults} from './scroll_to_results.js';
import {announceTabs} from './tabs.js';

announceTabs();
listenToKeys();
scrollToResults();
