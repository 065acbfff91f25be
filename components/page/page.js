/* What concerns the whole page. Gradio runs the joined modules once. */

import {keepEventStream} from './event_stream.js';
import {listenToKeys} from './keys.js';
import {mendDropdowns} from './dropdowns.js';
import {titleCutNames} from './full_names.js';
import {keepUnfinished} from '../everything/unfinished.js';
import {scrollToResults} from './scroll_to_results.js';
import {announceTabs} from './tabs.js';

keepEventStream();
announceTabs();
keepUnfinished();
listenToKeys();
mendDropdowns();
scrollToResults();
titleCutNames();
