/* class: contract. Lock-less lists: newest first, and whether it was empty. */
#include <linux/llist.h>
#include <linux/kernel.h>
#include "observe.h"

struct node { int id; struct llist_node list; };
static LLIST_HEAD(head);
static struct node n[6];

static void show(const char *what, struct llist_node *first)
{
	char text[32];
	struct node *p;
	int k = 0;

	llist_for_each_entry(p, first, list)
		text[k++] = (char)('0' + p->id);
	text[k] = 0;
	OBSERVE("%s: [%s]", what, text);
}

static void scenario(void)
{
	struct llist_node *first;
	int i;

	for (i = 0; i < 6; i++)
		n[i].id = i;
	OBSERVE("new: empty %d, del_all of none %d", !!llist_empty(&head), llist_del_all(&head) == NULL);
	OBSERVE("add: was empty %d", !!llist_add(&n[0].list, &head));
	OBSERVE("add: was empty %d", !!llist_add(&n[1].list, &head));
	OBSERVE("add: was empty %d", !!llist_add(&n[2].list, &head));
	show("all", head.first);
	n[4].list.next = &n[3].list;
	OBSERVE("add a batch: was empty %d", !!llist_add_batch(&n[4].list, &n[3].list, &head));
	show("all", head.first);
	first = llist_del_first(&head);
	OBSERVE("del_first %d", llist_entry(first, struct node, list)->id);
	first = llist_del_all(&head);
	OBSERVE("del_all: empty %d", !!llist_empty(&head));
	show("taken", first);
	first = llist_reverse_order(first);
	show("reversed", first);
	OBSERVE("add: was empty %d", !!llist_add(&n[5].list, &head));
}
SCENARIO(scenario)
