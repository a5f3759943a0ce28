/** The module that a worker thread runs to sample records. */
import { handleMessages } from '../threads/handler.js';
import { createRecordHandler } from './record-handler.js';

handleMessages(createRecordHandler);
