/* mend.h - private: the mender, a thread beside the keeper for what may take
 * long. */
#ifndef DOZO_CORE_MEND_H
#define DOZO_CORE_MEND_H

/*
 * Until the service stops: brings sites that are behind up to date, for open
 * tenants and, one after the other, for those that are not open; repairs
 * damaged objects; deletes what nothing names; closes the databases that nobody
 * uses. arg is a struct service.
 */
void service_mender(void *arg);

#endif
