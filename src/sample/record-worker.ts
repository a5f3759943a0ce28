/** The entry of a worker thread of sampling. */
import { handleMessages } from '../threads/handler.js';
import { createRecordHandler } from './record-handler.js';

handleMessages(createRecordHandler);
