/** The entry module of a converting worker's thread. */
import { handleMessages } from '../threads/handler.js';
import { createConvertHandler } from './convert-handler.js';

handleMessages(createConvertHandler);
