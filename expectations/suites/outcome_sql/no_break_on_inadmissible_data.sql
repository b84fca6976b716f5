-- A break on a truncated file accuses the business of what the delivery did.
-- With several linked instances, only an object that failed in all of them is certain to reach the result.
select r.*
from (select * from {batch}) as r
where
    r.status = 'break'
    and r.code <> 'R38'
    and (r.code, r.source_instance) in (
        select (reached.code, reached.source_instance)
        from (
            select
                c.code,
                l.source_instance,
                o.name,
                bool_and(h.match_key is not null) as fails_everywhere,
            from (
                select
                    code,
                    unnest(string_split(replace(objects, ' ', ''), ',')) as name,
                from marts.controls
            ) as o
            inner join marts.controls as c on o.code = c.code
            inner join config.instance_links as l on split_part(o.name, '.', 1) = l.domain
            left join (
                select match_key
                from {batch}
                where code = 'R38' and status = 'break'
            ) as h
                on h.match_key = l.linked_instance || '|' || split_part(o.name, '.', 2)
            group by c.code, l.source_instance, o.name
        ) as reached
        where reached.fails_everywhere
    )
