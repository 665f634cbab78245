/* class: contract. Lists with one pointer in the head. */
#include <linux/list.h>
#include <linux/kernel.h>
#include "observe.h"

struct node { int id; struct hlist_node list; };
static HLIST_HEAD(a);
static struct node n[5];

static void show(const char *what, struct hlist_head *head)
{
	char text[32];
	struct node *p;
	int k = 0;

	hlist_for_each_entry(p, head, list)
		text[k++] = (char)('0' + p->id);
	text[k] = 0;
	OBSERVE("%s: [%s] empty %d", what, text, !!hlist_empty(head));
}

static void scenario(void)
{
	struct hlist_head b = HLIST_HEAD_INIT;
	struct hlist_node *next;
	struct node *p;
	int i;

	for (i = 0; i < 5; i++) {
		n[i].id = i;
		INIT_HLIST_NODE(&n[i].list);
	}
	show("new", &a);
	OBSERVE("a node on no list: unhashed %d", hlist_unhashed(&n[0].list));
	hlist_add_head(&n[0].list, &a);
	hlist_add_head(&n[1].list, &a);
	show("two", &a);
	hlist_add_before(&n[2].list, &n[0].list);
	hlist_add_behind(&n[3].list, &n[0].list);
	show("before and behind", &a);
	OBSERVE("unhashed %d", hlist_unhashed(&n[0].list));
	hlist_del_init(&n[2].list);
	OBSERVE("deleted: unhashed %d", hlist_unhashed(&n[2].list));
	hlist_del_init(&n[2].list);
	show("deleted", &a);
	hlist_move_list(&a, &b);
	show("moved from", &a);
	show("moved to", &b);
	hlist_for_each_entry_safe(p, next, &b, list)
		if (p->id == 0)
			hlist_del_init(&p->list);
	show("one less", &b);
	p = hlist_entry_safe(a.first, struct node, list);
	OBSERVE("entry of none %d", p == NULL);
}
SCENARIO(scenario)
