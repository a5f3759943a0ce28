/** The entry module of a worker thread that codes. */
import { handleMessages } from '../threads/handler.js';
import { createCodingHandler } from './coding-handler.js';

handleMessages(createCodingHandler);
