import { handleMessages } from '../../dist/threads/handler.js';
import { createEchoHandler } from './echo-handler.mjs';

handleMessages(createEchoHandler);
