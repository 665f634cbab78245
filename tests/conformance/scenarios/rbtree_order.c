/* class: contract. Red-black trees: in order, whatever order things came and
 * went in. */
#include <linux/rbtree.h>
#include <linux/kernel.h>
#include "observe.h"

#define N 40
struct node { int key; struct rb_node rb; };
static struct node n[N];
static struct rb_root root = RB_ROOT;

static void insert(struct node *x)
{
	struct rb_node **link = &root.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		if (x->key < rb_entry(parent, struct node, rb)->key)
			link = &parent->rb_left;
		else
			link = &parent->rb_right;
	}
	rb_link_node(&x->rb, parent, link);
	rb_insert_color(&x->rb, &root);
}

static void show(const char *what)
{
	struct rb_node *p;
	int count = 0, sorted = 1, last = -1, back = 0;

	for (p = rb_first(&root); p; p = rb_next(p)) {
		sorted &= rb_entry(p, struct node, rb)->key > last;
		last = rb_entry(p, struct node, rb)->key;
		count++;
	}
	for (p = rb_last(&root); p; p = rb_prev(p))
		back++;
	OBSERVE("%s: %d, backwards %d, sorted %d, empty %d", what, count, back, sorted, !!RB_EMPTY_ROOT(&root));
}

static void scenario(void)
{
	struct node spare;
	int i;

	show("new");
	for (i = 0; i < N; i++) {
		n[i].key = (i * 17) % N;
		insert(&n[i]);
	}
	show("inserted");
	OBSERVE("first %d last %d", rb_entry(rb_first(&root), struct node, rb)->key,
		rb_entry(rb_last(&root), struct node, rb)->key);
	for (i = 0; i < N; i += 3)
		rb_erase(&n[i].rb, &root);
	show("every third erased");
	spare.key = n[1].key;
	rb_replace_node(&n[1].rb, &spare.rb, &root);
	show("one replaced");
	rb_erase(&spare.rb, &root);
	for (i = 2; i < N; i++)
		if (i % 3)
			rb_erase(&n[i].rb, &root);
	show("all erased");
	RB_CLEAR_NODE(&n[0].rb);
	OBSERVE("a cleared node %d", !!RB_EMPTY_NODE(&n[0].rb));
}
SCENARIO(scenario)
