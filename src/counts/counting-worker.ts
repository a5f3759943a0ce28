/** The entry module of the thread that counts the n-grams of a training text. */
import { handleMessages } from '../threads/handler.js';
import { createCountingHandler } from './counting-handler.js';

handleMessages(createCountingHandler);
