"""From the integer network to hardware in numbers: plan, cost model, cycle model, search."""
