-- name: add_survey
-- A survey among the companies of a park.
insert into smartpark.survey (park_id, name_zh, name_en, opens, closes, made_by)
values (%(park)s, %(zh)s, %(en)s, %(opens)s, %(closes)s, %(actor)s)
returning survey;

-- name: survey
-- When a survey is open to a company of its park, and the stars that it gave already.
select s.opens, s.closes, a.stars
  from smartpark.survey s
  join smartpark.company c on c.park_id = s.park_id and c.company_id = %(company)s
  left join smartpark.survey_answer a on a.survey = s.survey and a.company_id = c.company_id
 where s.survey = %(survey)s and (%(park)s::text is null or s.park_id = %(park)s);

-- name: add_answer
-- What a company says; nothing where it has said something.
insert into smartpark.survey_answer (survey, company_id, stars, words, at, actor)
values (%(survey)s, %(company)s, %(stars)s, %(words)s, %(now)s, %(actor)s)
on conflict do nothing;
