/* portal.c: the customer's own pages, written by the server so that they work without JavaScript. */
#include "serve/api.h"

void portal_page(struct request *request)
{
	reply_error(request, 404, "no_route", "There is nothing at this path.");
}

void portal_enter(struct request *request)
{
	portal_page(request);
}

void portal_form(struct request *request)
{
	portal_page(request);
}
