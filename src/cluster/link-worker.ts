/** The entry of the thread that passes messages between processes. */
import { handleMessages } from '../threads/handler.js';
import { createLinkHandler } from './link-handler.js';

handleMessages(createLinkHandler);
