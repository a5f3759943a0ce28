/** The entry of a worker thread of conversion. */
import { handleMessages } from '../threads/handler.js';
import { createConvertHandler } from './convert-handler.js';

handleMessages(createConvertHandler);
