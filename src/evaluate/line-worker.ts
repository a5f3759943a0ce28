/** The entry module of a scoring worker's thread. */
import { handleMessages } from '../threads/handler.js';
import { createLineHandler } from './line-handler.js';

handleMessages(createLineHandler);
