/** The entry module of a replica's worker thread. */
import { handleMessages } from '../../threads/handler.js';
import { createReplicaHandler } from './replica-handler.js';

handleMessages(createReplicaHandler);
