/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mistakes in CO-RE. */
	.struct task_struct { int pid; struct mm_struct *mm; u32 a : 3; u8 b[2]; }
	.enum color { RED, GREEN }
	.section xdp
p:	r1 = @task_struct.pidd // ERROR "struct task_struct has no member 'pidd'"
	r1 = @task_strukt.pid // ERROR "unknown type 'task_strukt'"
	r1 = @task_struct.mm.pgd // ERROR "'pgd' cannot be a member of pointer to struct mm_struct"
	r1 = @task_struct.b[2] // ERROR "element 2 of an array of 2"
	r1 = @exist(task_struct.pid) // ERROR "unknown question '@exist'"
	r1 = @value(enum color.BLUE) // ERROR "enum color has no enumerator 'BLUE'"
	r1 = @signed(struct task_struct) // ERROR "@signed does not ask about types"
	r1 = @type_id(task_struct.pid) // ERROR "@type_id does not ask about fields"
	r1 = @size(enum color.RED) // ERROR "@size does not ask about enumerators"
	r1 = @task_struct.pid + 4 // ERROR "a value that the loader adjusts stands alone"
	if r1 == @task_struct.pid goto +0 // ERROR "the loader cannot adjust a value here"
	r1 = @size(struct mm_struct) // ERROR "struct mm_struct has no size"
	r1 = @ // ERROR "expected a field or a question"
	exit
