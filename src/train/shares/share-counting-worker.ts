/** The entry module of the thread that counts a process's share of a text. */
import { handleMessages } from '../../threads/handler.js';
import { createShareCounter } from './share-counting-handler.js';

handleMessages(createShareCounter);
