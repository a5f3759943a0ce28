/** The entry of the worker thread that counts. */
import { handleMessages } from '../threads/handler.js';
import { createCountingHandler } from './counting-handler.js';

handleMessages(createCountingHandler);
