/** The entry of a worker thread of coding. */
import { handleMessages } from '../threads/handler.js';
import { createCodingHandler } from './coding-handler.js';

handleMessages(createCodingHandler);
