/** The entry module of the thread that counts. */
import { handleMessages } from '../threads/handler.js';
import { createCountingHandler } from './counting-handler.js';

handleMessages(createCountingHandler);
