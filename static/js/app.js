/* What every page has: one small module for each habit of the console. */

import "./ask.js";
import "./copy.js";
import "./dialogs.js";
import "./keys.js";
import "./palette.js";
import "./poll.js";
import "./requests.js";
import "./theme.js";
import "./toasts.js";

/* The server writes times in this zone. */
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) document.cookie = `zone=${zone}; path=/; max-age=31536000; samesite=lax`;
