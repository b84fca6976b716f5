-- A null amount is left out of every sum without a word.
select t.*
from outcome_null_money as t
where (select count(*) from {batch}) >= 0 and t.null_rows > 0
