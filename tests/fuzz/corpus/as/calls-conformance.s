	call runtime 7
call	bpf_ktime_get_ns
	call	r
