/** The entry of a worker thread of scoring. */
import { handleMessages } from '../threads/handler.js';
import { createLineHandler } from './line-handler.js';

handleMessages(createLineHandler);
