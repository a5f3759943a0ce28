#ifndef CHARNN_MPI_H
#define CHARNN_MPI_H

/* Gives the addon's exports a property `mpi`, where MPI can be had. */
void register_mpi(napi_env env, napi_value exports);

#endif
